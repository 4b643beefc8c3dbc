"""The main job in one go: `python -m infra.demo` runs the commands that a user would type.

Brings a stack up on free ports and a state directory of its own, publishes 100,000 events, shows
the reports, proves the counts, and stops everything again, whatever happens.
"""

import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

EVENTS = 100_000
REPORTS = ("events", "revenue", "demographics")


def main() -> int:
    """Run the demonstration; return the first exit code that is not 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="hookstream-demo-") as folder:
        state = ["--state-dir", str(Path(folder) / "state")]
        try:
            return _run("up", "--detach", "--port", "0", *state) or _show(state)
        finally:
            _run("down", *state)


def _show(state: list[str]) -> int:
    code = _run("publish", "--number", str(EVENTS), "--prove", *state)
    for name in REPORTS:
        code = code or _run("report", name, *state)
    return code or _run("status", *state)


def _run(*arguments: str) -> int:
    sys.stdout.write(f"\n$ hookstream {shlex.join(arguments)}\n")
    sys.stdout.flush()
    command = Path(sys.executable).with_name("hookstream")
    return subprocess.run([command, *arguments], check=False).returncode  # noqa: S603 - ours


if __name__ == "__main__":
    sys.exit(main())
