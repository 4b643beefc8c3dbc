"""CPU seconds and peak memory of the stack's processes during a run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Final

import psutil

from infra.bench.meanwhile import meanwhile

Listing = Callable[[], dict[int, str]]
"""Returns the names of the processes by pid, as they are now."""

_INTERVAL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """What all processes of one name used: CPU seconds, and the most bytes that one of them held.

    The memory of a process with workers (PostgreSQL) is theirs together, shared pages once.
    """

    name: str
    cpu_seconds: float
    peak_bytes: int


@dataclass(slots=True)
class _Meter:
    name: str
    first: float
    last: float
    peak: int


class Resources:
    """Samples processes; those that come and go meanwhile are counted."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._meters: dict[tuple[int, float], _Meter] = {}
        self._sampled = False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Sample from the block's begin to its end."""
        self.sample()
        async with meanwhile(self._watch()):
            yield
        self.sample()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_INTERVAL)
            self.sample()

    def sample(self) -> None:
        """Look at each process once."""
        listed = self._listing()
        children = _children()
        for pid, name in listed.items():
            tree = list(_tree(pid, children, listed))
            complete = listed.keys().isdisjoint(children.get(pid, ()))
            try:
                processes = [psutil.Process(each) for each in tree]
                cpu = sum(_cpu_seconds(process, with_ended=complete) for process in processes)
                self._note(processes[0], name, cpu, _memory(processes))
            except psutil.Error:  # it ended between two looks
                continue
        self._sampled = True

    def _note(self, process: psutil.Process, name: str, cpu: float, memory: int) -> None:
        key = (process.pid, process.create_time())
        meter = self._meters.get(key)
        if meter is None:
            before = 0.0 if self._sampled else cpu
            meter = self._meters[key] = _Meter(name, before, cpu, memory)
        meter.last = max(meter.last, cpu)
        meter.peak = max(meter.peak, memory)

    def usages(self) -> list[Usage]:
        """Return the usage by name, the largest consumer of CPU first."""
        names = {meter.name for meter in self._meters.values()}
        usages = [self._usage(name) for name in names]
        return sorted(usages, key=lambda usage: (-usage.cpu_seconds, usage.name))

    def _usage(self, name: str) -> Usage:
        meters = [meter for meter in self._meters.values() if meter.name == name]
        spent = sum(meter.last - meter.first for meter in meters)
        return Usage(name, spent, max(meter.peak for meter in meters))


def combined(*parts: Iterable[Usage]) -> list[Usage]:
    """Return the use in phases that follow each other as one, the largest consumer first."""
    phases: dict[str, list[Usage]] = {}
    for usage in chain.from_iterable(parts):
        phases.setdefault(usage.name, []).append(usage)
    usages = [
        Usage(
            name,
            sum(usage.cpu_seconds for usage in found),
            max(usage.peak_bytes for usage in found),
        )
        for name, found in phases.items()
    ]
    return sorted(usages, key=lambda usage: (-usage.cpu_seconds, usage.name))


def _children() -> dict[int, list[int]]:
    """Return the children of every process of the machine."""
    found: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        found.setdefault(process.info["ppid"], []).append(process.pid)
    return found


def _tree(pid: int, children: dict[int, list[int]], listed: Collection[int]) -> Iterator[int]:
    """Yield the process and its descendants, but not those that are listed themselves."""
    yield pid
    for child in children.get(pid, ()):
        if child not in listed:
            yield from _tree(child, children, listed)


def _cpu_seconds(process: psutil.Process, *, with_ended: bool) -> float:
    """Return what a process used, with its children that ended if they are its own matter."""
    times = process.cpu_times()
    ended = times.children_user + times.children_system if with_ended else 0.0
    return float(times.user + times.system + ended)


def _memory(processes: list[psutil.Process]) -> int:
    infos = [process.memory_info() for process in processes]
    shared = [getattr(info, "shared", 0) for info in infos]
    if len(infos) == 1:
        return int(infos[0].rss)
    return int(sum(info.rss for info in infos) - sum(shared) + max(shared))
