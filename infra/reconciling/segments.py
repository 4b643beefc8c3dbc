"""Counts what segments hold, quarter of an hour by quarter of an hour, beside the rollups."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import psycopg
import zstandard
from psycopg.rows import TupleRow

from infra.reconciling.facts import Segments
from shared.events.model import EVENT_TYPES
from shared.segments.columns import NUMBERS
from shared.store.queries import query

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_QUARTER: Final = timedelta(minutes=15)
_MICROSECONDS: Final = _QUARTER // timedelta(microseconds=1)
_TYPES: Final = 256
_AT_ONCE: Final = 100
_EXAMPLES: Final = 5
_NAMES: Final = {kind.id: kind.name for kind in EVENT_TYPES}


class _Group(NamedTuple):
    """The events of a type in a quarter of an hour, which is counted from 2000."""

    source: str
    type_id: int
    quarter: int

    @property
    def place(self) -> str:
        """Return how the group is called in a difference."""
        start = _EPOCH + self.quarter * _QUARTER
        return f"{_NAMES.get(self.type_id, self.type_id)} {start:%Y-%m-%dT%H:%MZ}"


def read_segments(connection: psycopg.Connection[TupleRow]) -> dict[str, Segments]:
    """Return what is to be said of each source's segments. Raises psycopg.Error.

    Groups of which rows have expired are left out: their segments go when nothing else is in them.
    """
    counted = _counted(connection)
    found: defaultdict[str, Segments] = defaultdict(Segments)
    for source, type_id, quarter, events, in_segments, expired in connection.execute(
        query("reconcile_rollups")
    ):
        group = _Group(source, type_id, quarter)
        held = counted.pop(group, 0)
        if not expired:
            found[source].add(held, in_segments, events, group.place)
    for group, held in counted.items():
        found[group.source].add(held, 0, 0, group.place)
    for segments in found.values():
        segments.examples = sorted(segments.examples)[:_EXAMPLES]
    return dict(found)


def _counted(connection: psycopg.Connection[TupleRow]) -> Counter[_Group]:
    found: Counter[_Group] = Counter()
    with connection.cursor(name="segments", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        for segment in cursor.execute(query("reconcile_segments")):
            for group, events in _groups(*segment):
                found[group] += events
    return found


def _groups(source: str, times: bytes, types: bytes) -> Iterator[tuple[_Group, int]]:
    quarters = _numbers("occurred_at", times) // _MICROSECONDS
    keys, counts = np.unique(quarters * _TYPES + _numbers("type_id", types), return_counts=True)
    pairs: Iterable[tuple[int, int]] = zip(keys.tolist(), counts.tolist(), strict=True)
    for key, events in pairs:
        quarter, type_id = divmod(key, _TYPES)
        yield _Group(source, type_id, quarter), events


def _numbers(name: str, content: bytes) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    inflated = zstandard.decompress(content)
    return np.frombuffer(inflated, NUMBERS[name].dtype).astype(np.int64)
