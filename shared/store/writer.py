"""The exactly-once write: events, their identities, rollups and ledger in one transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from shared.store.copying import RefusedRowError, copy_rows
from shared.store.erasures import without_erased
from shared.store.identities import Identities, erased_since
from shared.store.pool import Database
from shared.store.queries import query
from shared.store.rows import Row, rollup_columns
from shared.store.segments import store_segments

_SECONDS_PER_DAY = 86_400
_UNIX_EPOCH = date(1970, 1, 1)


@dataclass(slots=True)
class MessageRecord:
    """The ledger's entry for one packed message; `stored` is filled in by the write."""

    stream_sequence: int
    published_at: datetime
    source: str
    received_at: datetime
    correlation_ids: str
    events: int
    rejected: int
    stored: int = 0
    trace_contexts: str = ""

    @property
    def duplicates(self) -> int:
        """Return how many of its events were known before."""
        return self.events - self.rejected - self.stored


class RefusedRow(NamedTuple):
    """A row that the database does not take, and its reason, without the row's values."""

    row: Row
    reason: str


class EventWriter:
    """Writes batches of events through a pool whose connections prepare() has configured."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days: set[date] = set()
        self._identities = Identities()

    async def write(
        self, rows: Sequence[Row], messages: Sequence[MessageRecord]
    ) -> list[RefusedRow]:
        """Store rows that are new, roll them up and record the messages, all or nothing.

        However often and in whatever batches an event arrives, it is stored by one of the writes
        only. Rows that the database refuses are left out and returned; each costs one more
        attempt at the rest. Raises Problem for a database that is away or full; then nothing of
        the batch is stored.
        """
        wanted = {row.key: row for row in reversed(rows)}
        refused: list[RefusedRow] = []
        held: set[date] = set()
        await self._make_room(wanted.values())
        while True:
            try:
                await self._attempt(wanted, messages, held)
            except RefusedRowError as error:
                if error.homeless and not held:
                    # Its partition was there once and has expired, or its time is no time at all.
                    held = _days(wanted.values())
                    continue
                del wanted[error.row.key]
                refused.append(RefusedRow(error.row, error.reason))
                self._count_refused(error.row, messages)
            else:
                return refused

    async def _attempt(
        self, wanted: Mapping[bytes, Row], messages: Sequence[MessageRecord], held: set[date]
    ) -> None:
        """Write everything or raise; partitions of the days `held` cannot expire meanwhile."""
        published = [(message.stream_sequence, message.published_at) for message in messages]
        oldest = min((moment for _, moment in published), default=None)
        async with self._database.transaction() as connection, connection.cursor() as cursor:
            if held:
                await cursor.execute(query("hold_partitions"), {"days": sorted(held)})
            anonymous = await erased_since(cursor, oldest)
            known = await self._identities.claim(cursor, wanted)
            fresh = [row for key, row in wanted.items() if key not in known]
            if fresh and anonymous:
                fresh = await without_erased(cursor, fresh, published)
            if fresh:
                await copy_rows(cursor, fresh)
                await store_segments(cursor, fresh)
                added = rollup_columns(fresh)
                await cursor.execute(query("store_rollup"), added)
                await cursor.execute(query("store_seconds"), added)
            stored = Counter(row.stream_sequence for row in fresh)
            for message in messages:
                message.stored = stored[message.stream_sequence]
            if messages:
                await cursor.execute(query("store_messages"), _columns(messages))

    @staticmethod
    def _count_refused(row: Row, messages: Sequence[MessageRecord]) -> None:
        for message in messages:
            if message.stream_sequence == row.stream_sequence:
                message.rejected += 1

    async def _make_room(self, rows: Iterable[Row]) -> None:
        """Have the partitions, before the transaction: making one locks the table briefly."""
        for day in _days(rows) - self._days:
            async with self._database.transaction() as connection:
                await connection.execute(query("ensure_partition"), {"day": day})
            self._days.add(day)


def _days(rows: Iterable[Row]) -> set[date]:
    """Return the days of rows, UTC."""
    days = {row.second // _SECONDS_PER_DAY for row in rows}
    return {_UNIX_EPOCH + timedelta(days=day) for day in days}


def _columns(messages: Sequence[MessageRecord]) -> dict[str, list[object]]:
    names = (
        "stream_sequence", "published_at", "source", "received_at", "correlation_ids", "events",
        "stored", "duplicates", "rejected", "trace_contexts",
    )  # fmt: skip
    return {name: [getattr(message, name) for message in messages] for name in names}
