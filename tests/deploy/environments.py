"""Environments of tools that cannot share ours: made on demand, once for the machine."""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
UV = Path(sys.executable).with_name("uv")
PATIENCE = 240
"""Seconds that one may take to make; it is some 10 if the packages are near."""

_READY = ".ready"


class UnavailableError(Exception):
    """The environment cannot be had here."""


def environment(name: str) -> Path:
    """Return the folder with the programs of `requirements/<name>.txt`.

    Raises UnavailableError. It is kept in the user's cache; of two that want it, one makes it.
    """
    requirements = REQUIREMENTS / f"{name}.txt"
    version = "{}.{}".format(*sys.version_info)
    digest = hashlib.blake2b(requirements.read_bytes(), digest_size=8).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "hookstream")
    folder = cache / f"{name}-{version}-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _READY).exists():
            _make(folder, requirements)
            (folder / _READY).touch()
    return folder / "bin"


def _make(folder: Path, requirements: Path) -> None:
    python = str(folder / "bin" / "python")
    for line in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
        ("pip", "sync", "--quiet", "--python", python, str(requirements)),
    ):
        try:
            done = subprocess.run(
                [UV, *line], capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"not installed within {PATIENCE} s") from error
        if done.returncode:
            raise UnavailableError(done.stderr.strip()[-300:])
