"""`python -m infra.bench [OPTIONS]`: `hookstream bench` on a stack of its own, removed after it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

STATE: Final = Path(".hookstream/bench")
"""On the project's own disk: what lies in memory would make an fsync look cheap."""

_COMMAND: Final = (sys.executable, "-c", "from infra.cli import main; main()")


def _hookstream(*arguments: str, out: int | None = None) -> int:
    command = (*_COMMAND, *arguments, "--state-dir", str(STATE))
    return subprocess.run(command, check=False, stdout=out).returncode  # noqa: S603 - our own command


def main(arguments: list[str]) -> int:
    """Bring a stack up, measure it, take it down. Returns the exit code of what failed, else 0."""
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        started = _hookstream("up", "--detach", "--port", "0", out=subprocess.DEVNULL)
        return started or _hookstream("bench", *arguments)
    finally:
        _hookstream("down", out=subprocess.DEVNULL)
        shutil.rmtree(STATE, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
