"""`python -m infra.bench [OPTIONS]`: `hookstream bench` on a stack of its own, removed after it.

Without a scenario, it measures SET: all of them, in short runs.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

STATE: Final = Path(".hookstream/bench")
"""On the project's own disk: what lies in memory would make an fsync look cheap."""

SET: Final = (
    ("publisher", "--seconds", "20"),
    ("publisher", "--rate", "0", "--seconds", "15"),
    ("bulk", "--events", "500000"),
    ("single", "--seconds", "10"),
    ("single", "--rate", "2000", "--seconds", "15"),
    ("burst", "--seconds", "10"),
    ("drain", "--events", "300000"),
    ("coldstart", "--times", "10"),
    ("reports", "--events", "1000000"),
    ("ceilings",),
    ("stages", "--events", "50000"),
)

_COMMAND: Final = (sys.executable, "-c", "from infra.cli import main; main()")


def _hookstream(*arguments: str, out: int | None = None) -> int:
    command = (*_COMMAND, *arguments, "--state-dir", str(STATE))
    return subprocess.run(command, check=False, stdout=out).returncode  # noqa: S603 - our own command


def main(arguments: list[str]) -> int:
    """Bring a stack up, measure it, take it down. Returns the exit code of what failed, else 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        started = _hookstream("up", "--detach", "--port", "0", out=subprocess.DEVNULL)
        return started or _measure(arguments)
    finally:
        _hookstream("down", out=subprocess.DEVNULL)
        shutil.rmtree(STATE, ignore_errors=True)


def _measure(arguments: list[str]) -> int:
    if set(arguments) - {"--json"}:
        return _hookstream("bench", *arguments)
    codes = [_hookstream("bench", *scenario, *arguments) for scenario in SET]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
