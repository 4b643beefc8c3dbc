"""Which segments a snapshot of the database shows, without reading what is in them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import xor
from typing import NamedTuple

from shared.reports.windows import EPOCH, Span
from shared.store.pool import Connection
from shared.store.queries import query

_MICROSECOND = timedelta(microseconds=1)
EVER = 1 << 62
"""Later than any event, in microseconds since 2000-01-01 UTC, and its negative earlier."""


def microseconds(moment: datetime) -> int:
    """Return a moment as segments have it: since 2000-01-01 UTC."""
    return (moment - EPOCH) // _MICROSECOND


class Entry(NamedTuple):
    """A segment; `digest` is a hash of its id, times are microseconds since 2000-01-01 UTC."""

    id: int
    digest: int
    written_by: int
    source: str
    first: int
    last: int
    events: int


class Limits(NamedTuple):
    """The times from `first` to before `end`, in microseconds since 2000-01-01 UTC."""

    first: int
    end: int

    @classmethod
    def of(cls, span: Span) -> "Limits":
        """Return the times of a span."""
        first = -EVER if span.start is None else microseconds(span.start)
        return cls(first, EVER if span.end is None else microseconds(span.end))

    def touch(self, entry: Entry) -> bool:
        """Say whether a segment may have events within."""
        return entry.first < self.end and entry.last >= self.first


@dataclass(frozen=True, slots=True)
class Catalog:
    """The segments that a snapshot shows, by their ids; `snapshot` is pg_current_snapshot()."""

    snapshot: str = "1:1:"
    entries: Mapping[int, Entry] = field(default_factory=dict)

    @property
    def first_running(self) -> int:
        """Return the transaction before which all had ended."""
        return int(self.snapshot.partition(":")[0])

    def digest(self, before: int) -> int:
        """Return the digest of those that transactions before one have written."""
        found = (entry.digest for entry in self.entries.values() if entry.written_by < before)
        return reduce(xor, found, 0)

    def within(
        self, limits: Limits, sources: Collection[str], but: Collection[int] = frozenset()
    ) -> list[Entry]:
        """Return the segments of some sources that touch a range, in the order of time.

        Those with some ids are left out.
        """
        found = [
            entry
            for key, entry in self.entries.items()
            if key not in but and entry.source in sources and limits.touch(entry)
        ]
        return sorted(found, key=lambda entry: (entry.first, entry.id))


async def read_catalog(connection: Connection, known: Catalog) -> Catalog:
    """Return the catalog of the connection's snapshot; cheap if it is little else than `known`.

    Ids are no order in which segments appear; but what a transaction wrote is seen by all snapshots
    after it, so that only what transactions wrote that were running then, or came later, can be
    new. That nothing of the others has gone, or is yet to come, their digest tells.
    """
    since = known.first_running
    values = {"known": known.snapshot, "since": str(since)}
    cursor = await connection.execute(query("segments_state"), values)
    [(snapshot, digest)] = await cursor.fetchall()
    if snapshot == known.snapshot:
        return known
    if digest == known.digest(since):
        kept = {key: entry for key, entry in known.entries.items() if entry.written_by < since}
        return Catalog(snapshot, kept | await _read_since(connection, since))
    return Catalog(snapshot, await _read_since(connection, 0))


async def _read_since(connection: Connection, since: int) -> dict[int, Entry]:
    cursor = await connection.execute(query("segments_since"), {"since": str(since)})
    return {row[0]: Entry(*row) for row in await cursor.fetchall()}
