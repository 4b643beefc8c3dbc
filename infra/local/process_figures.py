"""What each process of a stack takes of the machine, its servers included, as a collector."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from infra.local.registry import Registry


class ProcessFigures(Collector):
    """Looks at the processes that a state directory's registry names, when asked."""

    def __init__(self, registry: Path) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield memory and processor time by process; those of PostgreSQL's workers added up."""
        memory = GaugeMetricFamily(
            "hookstream_process_resident_bytes", "Memory of a process.", labels=["process"]
        )
        cpu = CounterMetricFamily(
            "hookstream_process_cpu_seconds", "Processor time of a process.", labels=["process"]
        )
        for identity in Registry(self._registry).running():
            with suppress(psutil.NoSuchProcess):
                seconds, size = _used(psutil.Process(identity.pid))
                memory.add_metric([identity.name], size)
                cpu.add_metric([identity.name], seconds)
        yield memory
        yield cpu


def _used(process: psutil.Process) -> tuple[float, int]:
    """Return processor seconds and bytes of memory. Raises psutil.NoSuchProcess.

    Pages that PostgreSQL's processes share are counted once: its children's are left out.
    """
    times = process.cpu_times()
    seconds = times.user + times.system + times.children_user + times.children_system
    size: int = process.memory_info().rss
    for child in process.children():
        with suppress(psutil.NoSuchProcess):
            taken = child.cpu_times()
            seconds += taken.user + taken.system
            size += max(0, child.memory_info().rss - child.memory_info().shared)
    return seconds, size
