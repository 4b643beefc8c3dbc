"""The exactly-once write: events, their identities, rollups and ledger in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import adapters, postgres
from psycopg.abc import Dumper
from psycopg.pq import Format

from shared.store.pool import Connection, Database
from shared.store.queries import query
from shared.store.rows import COPY_TYPES, Row


def _as(name: str) -> type[Dumper]:
    """Return a dumper that takes a type's binary representation as bytes and sends it as it is.

    It is psycopg's dumper of bytea, in C where psycopg has it, under another type.
    """
    base = adapters.get_dumper_by_oid(postgres.types["bytea"].oid, Format.BINARY)
    return type(f"{name}Dumper", (base,), {"oid": postgres.types[name].oid})


_DUMPERS = (_as("uuid"), _as("timestamptz"))


async def prepare(connection: Connection) -> None:
    """Make a new connection fit for an EventWriter: its staging table and its dumpers."""
    await connection.execute(query("store_staging"))
    for dumper in _DUMPERS:
        connection.adapters.register_dumper(None, dumper)


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
        unique = list({row.key: row for row in reversed(rows)}.values())
        await self._make_room(unique)
        async with self._database.transaction() as connection:
            stored = await self._store(connection, unique)
            for message in messages:
                message.stored = stored.get(message.stream_sequence, 0)
            if messages:
                await connection.execute(query("store_messages"), _columns(messages))

    async def _make_room(self, rows: Iterable[Row]) -> None:
        for day in {row.day for row in rows} - self._days:
            async with self._database.transaction() as connection:
                await connection.execute(query("ensure_partition"), {"day": day})
            self._days.add(day)

    async def _store(self, connection: Connection, rows: Sequence[Row]) -> dict[int, int]:
        async with connection.cursor() as cursor:
            async with cursor.copy(query("store_copy")) as copy:
                copy.set_types(COPY_TYPES)
                for row in rows:
                    await copy.write_row(row)
            await cursor.execute(query("store_events"))
            return dict(await cursor.fetchall())


def _columns(messages: Sequence[MessageRecord]) -> dict[str, list[object]]:
    names = (
        "stream_sequence", "published_at", "source", "received_at", "correlation_ids", "events",
        "stored", "duplicates", "rejected",
    )  # fmt: skip
    return {name: [getattr(message, name) for message in messages] for name in names}
