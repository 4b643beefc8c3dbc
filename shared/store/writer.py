"""The exactly-once write: events, their identities, rollups and ledger in one transaction."""

import struct
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from psycopg import AsyncCursor, postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

from shared.store.pool import Connection, Database
from shared.store.queries import query
from shared.store.rows import COPY_TYPES, Row, bucket_start


class KeyArray(bytes):
    """A uuid[] in PostgreSQL's binary representation (src/include/utils/array.h, array_send)."""

    __slots__ = ()

    @classmethod
    def of(cls, keys: Collection[bytes]) -> "KeyArray":
        """Return the array of 16-byte keys."""
        head = _ARRAY_HEAD.pack(1, 0, _UUID.oid, len(keys), 1)
        return cls(head + b"".join([_KEY_LENGTH + key for key in keys]))


_UUID = postgres.types["uuid"]
_ARRAY_HEAD = struct.Struct(">iiIii")
_KEY_LENGTH = (16).to_bytes(4, "big")


class _Representation(Dumper):
    """Sends a type's binary representation, given as bytes, as it is."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class _InstantDumper(_Representation):
    oid = postgres.types["timestamptz"].oid


class _KeyArrayDumper(_Representation):
    oid = _UUID.array_oid


async def prepare(connection: Connection) -> None:
    """Make a new connection fit for an EventWriter."""
    connection.adapters.register_dumper(None, _InstantDumper)
    connection.adapters.register_dumper(KeyArray, _KeyArrayDumper)


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

    @property
    def duplicates(self) -> int:
        """Return how many of its events were known before."""
        return self.events - self.rejected - self.stored


class EventWriter:
    """Writes batches of events through a pool whose connections prepare() has configured."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._days: set[date] = set()

    async def write(self, rows: Sequence[Row], messages: Sequence[MessageRecord]) -> None:
        """Store rows that are new, roll them up and record the messages, all or nothing.

        However often and in whatever batches an event arrives, it is stored by one of the writes
        only. Raises Problem for a database that is away or full, psycopg.Error for data that it
        refuses; then nothing of the batch is stored.
        """
        unique = {row.key: row for row in reversed(rows)}
        await self._make_room(unique.values())
        async with self._database.transaction() as connection, connection.cursor() as cursor:
            await cursor.execute(query("store_keys"), {"keys": KeyArray.of(unique)})
            for (known,) in await cursor.fetchall():
                del unique[known]
            fresh = list(unique.values())
            if fresh:
                await _copy(cursor, fresh)
                await cursor.execute(query("store_rollup"), _rollup(fresh))
            stored = Counter(row.columns[_SEQUENCE] for row in fresh)
            for message in messages:
                message.stored = stored[message.stream_sequence]
            if messages:
                await cursor.execute(query("store_messages"), _columns(messages))

    async def _make_room(self, rows: Iterable[Row]) -> None:
        """Have the partitions, before the transaction: making one locks the table briefly."""
        for day in {bucket_start(bucket).date() for bucket in {row.bucket for row in rows}}:
            if day not in self._days:
                async with self._database.transaction() as connection:
                    await connection.execute(query("ensure_partition"), {"day": day})
                self._days.add(day)


_SEQUENCE = -2
"""Where a row's columns have the stream sequence."""


async def _copy(cursor: AsyncCursor[TupleRow], rows: Iterable[Row]) -> None:
    async with cursor.copy(query("store_copy")) as copy:
        copy.set_types(COPY_TYPES)
        for row in rows:
            await copy.write_row(row.columns)


def _rollup(rows: Iterable[Row]) -> dict[str, list[object]]:
    """Return the columns of schema/queries/store_rollup.sql for new rows."""
    counts: Counter[tuple[int, int]] = Counter()
    transactions: Counter[tuple[int, int]] = Counter()
    revenue: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in rows:
        group = row.bucket, row.type_id
        counts[group] += 1
        if row.revenue is not None:
            transactions[group] += 1
            revenue[group] += row.revenue
    return {
        "bucket": [bucket_start(bucket) for bucket, _ in counts],
        "type_id": [type_id for _, type_id in counts],
        "events": list(counts.values()),
        "transactions": [transactions[group] for group in counts],
        "revenue": [revenue[group] for group in counts],
    }


def _columns(messages: Sequence[MessageRecord]) -> dict[str, list[object]]:
    names = (
        "stream_sequence", "published_at", "source", "received_at", "correlation_ids", "events",
        "stored", "duplicates", "rejected",
    )  # fmt: skip
    return {name: [getattr(message, name) for message in messages] for name in names}
