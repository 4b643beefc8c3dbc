"""How much memory the processes of a stack take."""

import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from stack import Stack

from infra.local.state import StateDir
from shared.settings import KIB, MIB

SERVERS = ("nats", "postgres")


class Memory:
    """Samples the resident memory of a stack's processes while the block runs, in MiB.

    `peaks` is by name, `samples` by name and process id, in the order of time. nats-server and
    PostgreSQL are not looked at.
    """

    def __init__(self, stack: Stack, interval: float = 0.25) -> None:
        self.peaks: dict[str, float] = defaultdict(float)
        self.samples: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._state = StateDir(stack.state)
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            for each in self._state.read_status()["processes"]:
                if each["pid"] and not each["name"].startswith(SERVERS):
                    self._look(each["name"], each["pid"])
            if self._stop.wait(self._interval):
                return

    def _look(self, name: str, pid: int) -> None:
        try:
            present = psutil.Process(pid).memory_info().rss / MIB
        except psutil.NoSuchProcess:
            return
        self.samples[name, pid].append(present)
        self.peaks[name] = max(self.peaks[name], present, high_water(pid))


def high_water(pid: int) -> float:
    """Return the most MiB that a process has had at any time, 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return max((int(line.split()[1]) * KIB / MIB for line in lines if "VmHWM" in line), default=0.0)
