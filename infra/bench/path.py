"""The way of an event through the product, stage by stage, without the network in between.

Each stage is what its process calls. The stages of a server's statements are found at run time:
one for each file of schema/queries that the write executes.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple, Self

import msgspec
from psycopg import AsyncCopy, AsyncCursor
from psycopg.abc import Query
from psycopg.rows import TupleRow

from infra.bench.meters import Meter
from shared.batch import Delivery, StoredMessage, encode_batch
from shared.events.decoding import decode_events, guess_source, latest_timestamp
from shared.events.model import SOURCES, Source
from shared.events.splitting import split_array
from shared.events.text import has_escapes
from shared.segments.encoding import encode
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Connection, Database
from shared.store.queries import SCHEMA
from shared.store.rows import build_row
from shared.store.segments import column_values
from shared.store.writer import EventWriter, MessageRecord
from shared.stream.packing import Origin, Pack, Packer

Copying = AsyncIterator[AsyncCopy]

REST: Final = "store: begin, commit, pool"

_deliveries = msgspec.json.Decoder(list[Delivery]).decode


def accept(meter: Meter, bodies: Iterable[bytes], limits: Settings) -> list[Pack]:
    """Do what webhook-ingest does with bodies up to the packed messages."""
    packs: list[Pack] = []
    for body in bodies:
        origin = Origin("bench", datetime.now(UTC))
        packers = {
            source: Packer(source, origin, limits.pack_max_events, limits.pack_max_bytes)
            for source in SOURCES
        }
        with meter.stage("ingest: split"):
            raws = split_array(body)
        latest = latest_timestamp()
        with meter.stage("ingest: validate"):
            escapes = has_escapes(body)
            members: dict[Source, list[bytes]] = {source: [] for source in SOURCES}
            for raw in map(bytes, raws):
                members[guess_source(raw)].append(raw)
            for source, own in members.items():
                decode_events(own, own, source, latest, escapes=escapes)
        with meter.stage("ingest: pack"):
            for source, own in members.items():
                packs += packers[source].extend(own)
            packs += (packer.cut() for packer in packers.values() if packer)
    return packs


def compress(meter: Meter, packs: Iterable[Pack]) -> list[StoredMessage]:
    """Encode packs as they are published, and return them as the stream would hold them."""
    messages = []
    for sequence, pack in enumerate(packs, 1):
        with meter.stage("ingest: compress, checksum"):
            content, headers = pack.message()
        now = datetime.now(UTC)
        messages.append(StoredMessage("BENCH", sequence, pack.source, now, headers, content))
    return messages


def invoke(meter: Meter, messages: Sequence[StoredMessage], limits: Settings) -> list[bytes]:
    """Do what the connector does with messages: batches for the collectors."""
    calls = []
    size = max(1, limits.invoke_max_events // limits.pack_max_events)
    for source in SOURCES:
        own = [message for message in messages if message.source == source]
        for at in range(0, len(own), size):
            group = own[at : at + size]
            with meter.stage("connector: inflate"):
                for message in group:
                    _ = message.payload
            with meter.stage("connector: encode call"):
                calls.append(encode_batch(group))
    return calls


async def collect(meter: Meter, calls: Iterable[bytes], database_url: str) -> int:
    """Do what the collectors do with calls; return how many events were stored.

    Raises Problem for a database that is away.
    """
    stored = 0
    async with _metered_database(meter, database_url) as database:
        writer = EventWriter(database.database)
        for call in calls:
            with meter.stage("collector: decode call"):
                deliveries = _deliveries(call)
            latest = latest_timestamp()
            with meter.stage("collector: decode events"):
                escapes = has_escapes(call)
                texts = [[str(raw, "utf-8") for raw in delivery.data] for delivery in deliveries]
                decoded = [
                    decode_events(delivery.data, own, _source(delivery), latest, escapes=escapes)
                    for delivery, own in zip(deliveries, texts, strict=True)
                ]
            with meter.stage("collector: build rows"):
                rows = [
                    build_row(event, text, delivery.stream_sequence, index)
                    for delivery, own, events in zip(deliveries, texts, decoded, strict=True)
                    for index, (event, text) in enumerate(zip(events or [], own, strict=True))
                ]
            # The write does so again, and what it took here is taken off that.
            with meter.stage("store: columns"):
                encode(column_values(rows))
            records = [_record(delivery) for delivery in deliveries]
            with meter.stage(REST, *database.backends):
                await writer.write(rows, records)
            stored += sum(record.stored for record in records)
    _leave_rest(meter)
    return stored


def _record(delivery: Delivery) -> MessageRecord:
    return MessageRecord(
        stream_sequence=delivery.stream_sequence,
        published_at=delivery.published_at,
        source=_source(delivery),
        received_at=delivery.published_at,
        correlation_ids=delivery.correlationids or "",
        events=int(delivery.eventcount or 0),
        rejected=0,
    )


def _source(delivery: Delivery) -> Source:
    return next(source for source in SOURCES if delivery.source.endswith(f"/{source}"))


def _leave_rest(meter: Meter) -> None:
    """Take off the whole write, which was metered as REST, what its statements have of it."""
    rest = meter.spent[REST]
    for name, spent in meter.spent.items():
        if name.startswith("store: ") and name != REST:
            rest.here -= spent.here
            if rest.server is not None and spent.server is not None:
                rest.server -= spent.server


@cache
def _statements() -> dict[bytes, str]:
    return {path.read_bytes(): path.stem for path in (SCHEMA / "queries").glob("*.sql")}


class _Backed(NamedTuple):
    """A database and the processes behind its connections."""

    database: Database
    backends: list[int]


@asynccontextmanager
async def _metered_database(meter: Meter, database_url: str) -> AsyncIterator[_Backed]:
    class Metered(AsyncCursor[TupleRow]):
        """Meters each statement, in this process and in the server's."""

        async def execute(self, query: Query, *arguments: Any, **options: Any) -> Self:  # noqa: ANN401 - psycopg's own
            with _statement(meter, query, self.connection.info.backend_pid):
                return await super().execute(query, *arguments, **options)

        @asynccontextmanager
        async def copy(self, statement: Query, *arguments: Any, **options: Any) -> Copying:  # noqa: ANN401 - likewise
            with _statement(meter, statement, self.connection.info.backend_pid):
                async with super().copy(statement, *arguments, **options) as copy:
                    yield copy

    backends: list[int] = []

    async def configure(connection: Connection) -> None:
        await prepare(connection)
        connection.cursor_factory = Metered
        backends.append(connection.info.backend_pid)

    chosen = Settings(database_url=database_url, database_pool_size=1)
    database = Database(chosen, "bench", configure=configure)
    await database.open()
    try:
        await database.ping()
        yield _Backed(database, backends)
    finally:
        await database.close()


def _statement(meter: Meter, text: Query, backend: int) -> AbstractContextManager[None]:
    """Meter a statement of schema/queries; any other is the pool's and belongs to REST."""
    name = _statements().get(text) if isinstance(text, bytes) else None
    if name is None:
        return nullcontext()
    return meter.stage(f"store: {name.removeprefix('store_')}", backend)
