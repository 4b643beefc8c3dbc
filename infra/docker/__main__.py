"""The image's program: `python -m infra.docker` runs, in its own process, what ROLE names.

ROLE is a function such as `fb-consume`, or one of
- `connector`: delivers from the stream to the functions;
- `prepare`: applies the pending migrations, creates or updates the streams, and ends;
- `gateway`: the local platform, functions and autoscaler included, against the servers that
  NATS_URL and DATABASE_URL name; its connector runs elsewhere.
"""

import runpy
import signal
import sys
from types import FrameType
from typing import NoReturn

from shared.settings import settings

STATE = "/var/lib/hookstream"
_MODULES = {"connector": "infra.connector", "prepare": "infra.local.prepare"}


def main() -> None:
    """Run the role until it ends."""
    # The kernel withholds from process 1 every signal that it has no handler for.
    signal.signal(signal.SIGTERM, _end)
    chosen = settings()
    if not chosen.role:
        sys.exit("ROLE is not set: name a function, connector, prepare or gateway")
    if chosen.role == "gateway":
        address = ("--host", chosen.host, "--port", str(chosen.port))
        _run("infra", "up", "--no-connector", "--state-dir", STATE, *address)
    elif chosen.role in _MODULES:
        _run(_MODULES[chosen.role])
    else:
        _run("shared.serve", chosen.role)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _run(module: str, *arguments: str) -> None:
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
