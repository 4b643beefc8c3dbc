"""CPU seconds by stage: of this thread and of a server's process."""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from shared.serve import settle_memory

_SCHEDULED = 2


def cpu_seconds(pid: int) -> float:
    """Return what a process has used, all its threads together. Raises OSError or psutil.Error.

    On Linux to the nanosecond: the clock's id is what clock_getcpuclockid(3) makes of a pid
    (CPUCLOCK_SCHED, include/linux/posix-timers_types.h); elsewhere as psutil has it.
    """
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | _SCHEDULED)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Have the garbage collector run as seldom as it does in functions."""
    before = gc.get_threshold()
    settle_memory()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@dataclass(slots=True)
class Spent:
    """CPU seconds here and, where one takes part, in a server."""

    here: float = 0.0
    server: float | None = None


@dataclass(slots=True)
class Meter:
    """Adds up what the blocks of each stage spend; `spent` is in the order of first use."""

    spent: dict[str, Spent] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, *servers: int | None) -> Iterator[None]:
        """Count the block towards a stage, and what known processes of servers do meanwhile."""
        spent = self.spent.setdefault(name, Spent())
        known = [server for server in servers if server is not None]
        here, there = time.thread_time(), sum(map(cpu_seconds, known))
        try:
            yield
        finally:
            spent.here += time.thread_time() - here
            if known:
                spent.server = (spent.server or 0.0) + sum(map(cpu_seconds, known)) - there
