"""Small disks that fill up."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.settings import MIB

_PIECE = b"\xff" * (64 * 1024)


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted disk; `fill` and `free` put a ballast file there and take it away."""

    folder: Path

    @property
    def available(self) -> int:
        """Return the free bytes."""
        return shutil.disk_usage(self.folder).free

    def fill(self, leave: int = 0) -> None:
        """Write until at most `leave` bytes are free."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while (excess := self.available - leave) > 0:
                try:
                    ballast.write(_PIECE[:excess])
                except OSError:
                    return

    def free(self) -> None:
        """Give the space back."""
        (self.folder / "ballast").unlink()


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Disk]:
    """Mount a disk of `size` MiB; what the folder held is copied to it. Skips if not allowed."""
    mount, unmount, copy = (shutil.which(name) for name in ("mount", "umount", "cp"))
    if not (mount and unmount and copy) or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root and `mount`")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        subprocess.run([copy, "-a", str(folder), kept], check=True)
        options = ["-t", "tmpfs", "-o", f"size={size * MIB}", "hookstream-test", str(folder)]
        done = subprocess.run([mount, *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        try:
            subprocess.run([copy, "-a", f"{kept}/{folder.name}", str(folder.parent)], check=True)
            yield Disk(folder)
        finally:
            subprocess.run([unmount, str(folder)], check=True)
