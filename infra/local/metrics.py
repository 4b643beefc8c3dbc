"""The metrics of all processes of a stack, added up, those of ended ones included.

Each process writes memory-mapped files `<type>_<pid>.db` to one directory, which outlive it
however it ends (prometheus_client's multiprocess mode). Files of ended processes are merged into
an archive from time to time, so that their number stays bounded.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from infra.local.ports import write_atomically

# prometheus_client leaves these without types.
_merge_files: Callable[..., Iterable[Metric]] = MultiProcessCollector.merge
_read_values: Callable[[str], Iterable[tuple[str, float, float, int]]]
_read_values = MmapedDict.read_all_values_from_file
_open_values: Callable[[str], Any] = MmapedDict

_INDEX = "archive.json"

_Sample = tuple[float, float]


def _newer(one: _Sample, other: _Sample) -> _Sample:
    return max(one, other, key=lambda sample: sample[1])


_MERGE: dict[str, Callable[[_Sample, _Sample], _Sample]] = {
    "counter": lambda one, other: (one[0] + other[0], 0.0),
    "histogram": lambda one, other: (one[0] + other[0], 0.0),
    "summary": lambda one, other: (one[0] + other[0], 0.0),
    "gauge_sum": lambda one, other: (one[0] + other[0], 0.0),
    "gauge_max": max,
    "gauge_min": min,
    "gauge_mostrecent": _newer,
}
"""How the values of ended processes are kept; gauges of other modes end with their process."""


class _Index(msgspec.Struct):
    """Which archive counts, and the files that are in it already."""

    generation: int = 0
    merged: list[str] = []


class Archive:
    """The metrics files of one directory and the archive of those whose process has ended.

    Replacing the index is what commits a merge: killed before, the files still count and the new
    archive does not; killed after, the other way round. One process at a time may use it.
    """

    def __init__(self, folder: Path, alive: Callable[[int], bool] = psutil.pid_exists) -> None:
        self._folder = folder
        self._alive = alive
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _INDEX
        self._index = (
            msgspec.json.decode(path.read_bytes(), type=_Index) if path.exists() else _Index()
        )
        self._tidy()

    def _archive(self, generation: int) -> Path:
        return self._folder / f"archive-{generation}"

    def _tidy(self) -> None:
        """Finish what a merge left to do; once only, for a process id comes back some day."""
        if self._index.merged:
            for name in self._index.merged:
                (self._folder / name).unlink(missing_ok=True)
            self._write_index(_Index(self._index.generation))
        current = self._archive(self._index.generation)
        for folder in self._folder.glob("archive-*"):
            if folder != current:
                shutil.rmtree(folder)

    def _own(self) -> Iterator[tuple[Path, str, bool]]:
        """Yield each process's files with their kind and whether the process still runs."""
        for path in self._folder.glob("*_*.db"):
            kind, _, pid = path.stem.rpartition("_")
            yield path, kind, self._alive(int(pid))

    def files(self) -> list[Path]:
        """Return the files that count now."""
        own = [
            path
            for path, kind, alive in self._own()
            if _has_content(path) and (alive or not kind.startswith("gauge_live"))
        ]
        return [*own, *self._archive(self._index.generation).glob("*.db")]

    def compact(self) -> None:
        """Merge the files of processes that have ended into a new archive."""
        ended = [(path, kind) for path, kind, alive in self._own() if not alive]
        if not ended:
            return
        old = self._archive(self._index.generation)
        index = _Index(self._index.generation + 1, [path.name for path, _ in ended])
        new = self._archive(index.generation)
        new.mkdir()
        for kind in _MERGE:
            sources = [path for path, of in ended if of == kind and _has_content(path)]
            sources += old.glob(f"{kind}_archive.db")
            _write(new / f"{kind}_archive.db", _merged(kind, sources))
        self._write_index(index)
        self._tidy()

    def _write_index(self, index: _Index) -> None:
        write_atomically(self._folder / _INDEX, msgspec.json.encode(index))
        self._index = index

    def counts(self, histogram: str, label: str) -> dict[str, int]:
        """Return how often a histogram was observed, by the values of one of its labels."""
        counts: dict[str, int] = {}
        for path in self.files():
            if not path.name.startswith("histogram_"):
                continue
            for key, value, _, _ in _read_values(str(path)):
                metric, sample, labels, *_ = msgspec.json.decode(key)
                if metric == histogram and sample.endswith("_bucket"):
                    counts[labels[label]] = counts.get(labels[label], 0) + int(value)
        return counts

    def render(self, *others: Collector) -> bytes:
        """Return all metrics in Prometheus' text format.

        Those of `others` and of the folder's files `*.prom`, which are in that format, included.
        """
        registry = CollectorRegistry()
        for collector in (_Sum(self.files()), *others):
            registry.register(collector)
        texts = [path.read_bytes() for path in sorted(self._folder.glob("*.prom"))]
        return b"".join([generate_latest(registry), *texts])


class _Sum(Collector):
    """Adds files up the way prometheus_client does."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = [str(path) for path in files]

    def collect(self) -> Iterable[Metric]:
        return _merge_files(self._files, accumulate=True)


def _has_content(path: Path) -> bool:
    """Say whether the file's process got as far as giving it a header."""
    with suppress(FileNotFoundError):
        return path.stat().st_size > 0
    return False


def _merged(kind: str, sources: Iterable[Path]) -> dict[str, _Sample]:
    merge = _MERGE[kind]
    values: dict[str, _Sample] = {}
    for source in sources:
        for key, value, stamp, _ in _read_values(str(source)):
            sample = (value, stamp)
            values[key] = merge(values[key], sample) if key in values else sample
    return values


def _write(path: Path, values: dict[str, _Sample]) -> None:
    if not values:
        return
    target = _open_values(str(path))
    for key, (value, stamp) in values.items():
        target.write_value(key, value, stamp)
    target.close()
