"""What the platform runs: a program's command line, environment, log and way to stop."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOG_LIMIT = 16 * 1024 * 1024
_TAIL_BYTES = 8192

# PostgreSQL replays up to max_wal_size after a crash before it accepts connections.
READY_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Program:
    """One process to run.

    `log` receives its standard output and error. `user` is the system user to become, None for
    the present one. `stop_timeout` is in seconds; after it the process is killed.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0

    def command(self) -> list[str]:
        """Return the command line that starts the program as a child of this process.

        The program gets `stop_signal` when the thread that starts it ends (Linux).
        """
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
        return [*launcher, str(int(self.stop_signal)), str(os.getpid()), self._ids(), *self.argv]

    def _ids(self) -> str:
        if self.user is None:
            return "-"
        entry = pwd.getpwnam(self.user)
        return f"{entry.pw_uid}:{entry.pw_gid}"

    def options(self, log: BinaryIO, pass_fds: Sequence[int] = ()) -> dict[str, Any]:
        """Return the keyword arguments for subprocess.Popen or asyncio's equivalent."""
        return {
            "stdin": subprocess.DEVNULL,
            "stdout": log,
            "stderr": subprocess.STDOUT,
            "env": dict(self.env),
            "cwd": self.cwd,
            "process_group": 0,
            "pass_fds": tuple(pass_fds),
        }


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; one above 16 MiB is set aside as `<name>.1` first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    bound_log(path)
    return path.open("ab")


def bound_log(path: Path) -> None:
    """Set what a log above 16 MiB holds aside as `<name>.1`; its writers, who append, go on."""
    if path.stat().st_size > _LOG_LIMIT:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a log, '' if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


class ServerFailedError(Exception):
    """A server ended or did not become ready; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to run: its program, its URL (without any secret) and its readiness.

    `ready` answers at once, and may be called from any thread. `monitor` is an HTTP URL or ''.
    `broken` says, likewise, whether nothing but a new start helps; `data` is the folder of what
    it keeps, if any. `logins` are URLs, likewise without secrets, for processes of fewer rights.
    """

    program: Program
    url: str
    ready: Callable[[], bool]
    monitor: str = ""
    data: Path | None = None
    broken: Callable[[], bool] | None = None
    logins: Mapping[str, str] = field(default_factory=dict)

    def failure(self, reason: str) -> ServerFailedError:
        """Return the error that says why, with the end of the server's log."""
        log = self.program.log
        return ServerFailedError(f"{self.program.name} {reason}\n{log}:\n{tail(log)}".rstrip())
