"""A state directory: its files, its lock and its status document."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from infra.local.ports import write_atomically
from infra.local.registry import Identity, Registry

_LOCK_PATIENCE = 1.0
_POLL = 0.02

Status = dict[str, Any]


class AlreadyRunningError(Exception):
    """Another `up` owns the state directory."""


class StateDir:
    """The paths below one state directory, made as needed.

    Others may pass through it (PostgreSQL runs as another user when this is root) but not look
    into it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.metrics = self.root / "metrics"
        self.functions = self.root / "functions"
        self.secrets = self.root / "secrets"
        self.mounts = self.root / "mounts"
        self.ports = self.root / "ports.json"
        self.registry = self.root / "processes.json"
        self._status = self.root / "status.json"
        self._lock = self.root / "lock"

    def make(self) -> None:
        """Create the directory and those below that every part expects."""
        if not self.root.exists():
            self.root.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        self.logs.mkdir(exist_ok=True)
        self.metrics.mkdir(exist_ok=True)

    def lock(self) -> "Lock":
        """Take the directory for this process. Raises AlreadyRunningError."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise AlreadyRunningError(f"already running on {self.root}") from None
                time.sleep(_POLL)
            else:
                return Lock(descriptor)

    def write_status(self, status: Status) -> None:
        """Replace the status document."""
        write_atomically(self._status, msgspec.json.encode(status))

    def read_status(self) -> Status:
        """Return the status as a live supervisor wrote it, else one with `state` "stopped".

        The latter lists processes that a killed supervisor left behind.
        """
        status = self._last_status()
        if supervisor_of(status) is not None:
            return status
        left = [
            {"name": entry.name, "pid": entry.pid, "state": "left behind"}
            for entry in Registry(self.registry).running()
        ]
        return {
            "state": "stopped",
            "stateDir": str(self.root),
            "functions": [],
            "processes": left,
        }

    def last_error(self, supervisor: int) -> str | None:
        """Return why the supervisor with that process id gave up, if it did."""
        status = self._last_status()
        error: str | None = status.get("error")
        return error if status.get("supervisor", {}).get("pid") == supervisor else None

    def _last_status(self) -> Status:
        if not self._status.exists():
            return {}
        status: Status = msgspec.json.decode(self._status.read_bytes())
        return status


class Lock:
    """A held lock; the system lets go of it when the process ends in whatever way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others take the directory."""
        os.close(self._descriptor)


def supervisor_of(status: Status) -> Identity | None:
    """Return the identity of the status document's supervisor if it still runs."""
    if "supervisor" not in status:
        return None
    identity = msgspec.convert(status["supervisor"], Identity)
    return identity if identity.process() is not None else None


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Poll a condition; return whether it came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
