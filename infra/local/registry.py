"""The processes that a stack started, on disk, so that none is forgotten if its owner is killed."""

import logging
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
import psutil

from infra.local.ports import write_atomically

_CLOCK_TOLERANCE = 2.0
_POLL = 0.05

logger = logging.getLogger(__name__)


class Identity(msgspec.Struct, frozen=True):
    """A process that cannot be mistaken for another with the same id.

    `created` is in seconds since the epoch, `stop_signal` what ends it in good order.
    """

    name: str
    pid: int
    created: float
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, name: str, pid: int, stop_signal: int = signal.SIGTERM) -> "Identity":
        """Identify a running process. Raises psutil.NoSuchProcess."""
        return cls(name, pid, psutil.Process(pid).create_time(), stop_signal)

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            alive = process.status() != psutil.STATUS_ZOMBIE
            same = abs(process.create_time() - self.created) < _CLOCK_TOLERANCE
        except psutil.NoSuchProcess:
            return None
        return process if alive and same else None


class Registry:
    """The identities of all processes of one state directory, written at every change.

    On a disk without space the file is behind until `catch_up`: of an owner killed meanwhile, the
    system stops the children (Program.command).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._behind = False
        self._entries: dict[int, Identity] = {entry.pid: entry for entry in self._read()}

    def _read(self) -> list[Identity]:
        if not self._path.exists():
            return []
        return msgspec.json.decode(self._path.read_bytes(), type=list[Identity])

    def add(self, name: str, pid: int, stop_signal: int) -> None:
        """Note a process that was just started; one that already ended is not noted."""
        with suppress(psutil.NoSuchProcess):
            self._entries[pid] = Identity.of(name, pid, stop_signal)
            self._write()

    def remove(self, pid: int) -> None:
        """Forget a process that has ended."""
        if self._entries.pop(pid, None) is not None:
            self._write()

    def catch_up(self) -> None:
        """Write what could not be written before."""
        if self._behind:
            self._write()

    def _write(self) -> None:
        try:
            write_atomically(self._path, msgspec.json.encode(list(self._entries.values())))
        except OSError:
            logger.exception("the registry of processes is not written")
            self._behind = True
        else:
            self._behind = False

    def running(self) -> list[Identity]:
        """Return those that still run."""
        return [entry for entry in self._entries.values() if entry.process() is not None]

    def stop_leftovers(self, timeout: float, tell: Callable[[str], None]) -> None:
        """End what an owner that was killed left behind, by force after `timeout` seconds."""
        leftovers = self.running()
        if leftovers:
            names = ", ".join(f"{entry.name} ({entry.pid})" for entry in leftovers)
            tell(f"stopping what was left behind: {names}")
            _stop(leftovers, timeout)
        self._entries.clear()
        self._write()


def _stop(identities: Iterable[Identity], timeout: float) -> None:
    processes: list[psutil.Process] = []
    for identity in identities:
        with suppress(psutil.NoSuchProcess):
            if (process := identity.process()) is not None:
                processes += [process, *process.children(recursive=True)]
                process.send_signal(identity.stop_signal)
    for process in _still_running(processes, timeout):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _still_running(processes, timeout)


def _still_running(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait for processes that are not our children; return those that run after `timeout`."""
    deadline = time.monotonic() + timeout
    while True:
        processes = [process for process in processes if _runs(process)]
        if not processes or time.monotonic() > deadline:
            return processes
        time.sleep(_POLL)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
