"""The core of both collectors: a batch of packed messages in, rows stored, what failed out."""

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from shared.access.guard import SharedSecretGuard
from shared.access.scopes import Admission
from shared.batch import BatchAnswer, Delivery, RejectedEvent, decode_deliveries
from shared.cloudevents import Mode, from_broker, is_final, mode_of
from shared.errors import Problem
from shared.events.decoding import (
    InvalidEventError,
    decode_event,
    decode_events,
    latest_timestamp,
)
from shared.events.model import Event, Source
from shared.events.text import has_escapes
from shared.metrics import Counter, Histogram
from shared.reading import BodyReader
from shared.requests import Request, Response, require_method
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.migrations import migrate
from shared.store.pool import Database
from shared.store.rows import Row, build_row
from shared.store.writer import EventWriter, MessageRecord, RefusedRow
from shared.stream.packing import distinct_correlation_ids, distinct_traceparents
from shared.telemetry import DURATION_BUCKETS, fields
from shared.tracing import span, trace_id

_NAMES: dict[Source, str] = {"facebook": "fb-consume", "tiktok": "ttk-consume"}
_PREFIXES: dict[Source, str] = {"facebook": "fb_collector", "tiktok": "ttk_collector"}

WRITE_DURATION = Histogram(
    "hookstream_store_write_duration_seconds",
    "Time to store a batch in the database.",
    ("source",),
    buckets=DURATION_BUCKETS,
)
STORE_DELAY = Histogram(
    "hookstream_store_delay_seconds",
    "Time from a message's acceptance to the commit of its events, by message.",
    ("source",),
    buckets=(.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)  # fmt: skip
BATCH_EVENTS = Histogram(
    "hookstream_collector_batch_events",
    "Events in a batch.",
    ("source",),
    buckets=(1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000),
)
DUPLICATES = Counter(
    "hookstream_collector_duplicates_total", "Events that were known before.", ("source",)
)

logger = logging.getLogger(__name__)


def guarding(_: object, chosen: Settings, unasked: bool) -> Admission | None:  # noqa: FBT001 - as Function calls it
    """Return who lets the connector in, and nobody else."""
    return None if unasked else SharedSecretGuard(chosen.delivery_key)


class SchemaGuard:
    """Applies pending migrations once, before the first use of the database."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._applying = asyncio.Lock()
        self._done = not chosen.migrate_on_start

    async def ensure(self) -> None:
        """Return when the schema is there. Raises Problem if the database is away."""
        if self._done:
            return
        async with self._applying:
            if not self._done:
                applied = await asyncio.to_thread(migrate, self._settings.database_url)
                self._done = True
                logger.info("schema is up to date", extra=fields(applied=applied))


@dataclass(slots=True)
class _Batch:
    rows: list[Row] = field(default_factory=list)
    messages: list[MessageRecord] = field(default_factory=list)
    rejected: list[RejectedEvent] = field(default_factory=list)

    ids: dict[int, str] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return sum(message.events for message in self.messages)

    def refuse(self, refused: RefusedRow) -> None:
        row = refused.row
        identifier = self.ids[row.stream_sequence]
        self.rejected.append(
            RejectedEvent(identifier, row.stream_position, "storage_refused", refused.reason)
        )


class Collector:
    """The handler of fb-consume and ttk-consume."""

    def __init__(self, source: Source, chosen: Settings) -> None:
        self._source = source
        self._settings = chosen
        self._database = Database(chosen, _NAMES[source], configure=prepare)
        self._schema = SchemaGuard(chosen)
        self._reader = BodyReader(chosen)
        self._writer = EventWriter(self._database)
        prefix = _PREFIXES[source]
        self._accepted = Counter(f"{prefix}_events_accepted_total", "Events received.")
        self._processed = Counter(f"{prefix}_events_processed_total", "Events stored or known.")
        self._failed = Counter(f"{prefix}_events_failed_total", "Events refused.", ("reason",))

    async def open(self) -> None:
        """Open the pool; connections are made in the background."""
        await self._database.open()

    async def close(self) -> None:
        """Close the pool."""
        await self._database.close()

    async def ready(self) -> None:
        """Raise Problem database_unavailable unless the database answers."""
        await self._schema.ensure()
        await self._database.ping()

    async def handle(self, request: Request) -> Response:
        """Store a batch and answer which of its messages and events failed.

        Raises Problem when the whole batch has to be delivered again. A single CloudEvent is
        stored as a whole, answered 202 with nothing else, or it is a Problem.
        """
        require_method(request, "POST")
        if mode_of(request.headers) in {Mode.STRUCTURED, Mode.BINARY}:
            return await self._handle_single(request)
        return Response.json(await self._store(request))

    async def _handle_single(self, request: Request) -> Response:
        """Store a CloudEvent whose sender knows no partial success.

        What can never be stored is answered to a broker as something to try again: it keeps as
        undelivered what it has tried in vain, and drops what it need not try again.
        """
        try:
            answer = await self._store(request)
            if answer.rejected:
                code, detail = answer.rejected[0].code, answer.rejected[0].detail
                raise Problem("event_rejected", f"{code}: {detail}")  # noqa: TRY301 - as below
        except Problem as problem:
            if from_broker(request.headers) and is_final(problem.kind.status):
                raise Problem("undeliverable", problem.detail) from problem
            raise
        return Response(HTTPStatus.ACCEPTED)

    async def _store(self, request: Request) -> BatchAnswer:
        await self._schema.ensure()
        async with self._reader.read(request) as body:
            deliveries = decode_deliveries(request, body)
            # Of Base64 the body shows no escapes.
            escapes = has_escapes(body) or mode_of(request.headers) is not Mode.BATCHED
            batch = self._decode(deliveries, escapes=escapes)
        started = time.perf_counter()
        with span("store", "internal") as stored:
            for refused in await self._writer.write(batch.rows, batch.messages):
                batch.refuse(refused)
            stored.note(hookstream__messages=len(batch.messages), hookstream__events=batch.events)
        WRITE_DURATION.labels(self._source).observe(time.perf_counter() - started)
        self._count(batch)
        request.log.update(
            messages=len(batch.messages),
            events=batch.events,
            stored=sum(message.stored for message in batch.messages),
            correlationIds=distinct_correlation_ids(m.correlation_ids for m in batch.messages),
        )
        if contexts := distinct_traceparents(m.trace_contexts for m in batch.messages):
            request.log["traceIds"] = list(dict.fromkeys(map(trace_id, contexts)))
        return BatchAnswer(rejected=batch.rejected)

    def _decode(self, deliveries: Sequence[Delivery], *, escapes: bool) -> _Batch:
        batch = _Batch()
        latest = latest_timestamp()
        for delivery in deliveries:
            before = len(batch.rejected)
            sequence = delivery.stream_sequence
            batch.ids[sequence] = delivery.id
            decoded: Iterable[tuple[int, Event]]
            events: list[Event] | None = None
            try:
                texts = [str(raw, "utf-8") for raw in delivery.data]
                events = decode_events(delivery.data, texts, self._source, latest, escapes=escapes)
            except UnicodeDecodeError:
                texts = [bytes(raw).decode("utf-8", "replace") for raw in delivery.data]
            if events is not None:
                decoded = enumerate(events)
            else:
                decoded = _one_by_one(delivery, latest, batch.rejected, escapes=escapes)
            batch.rows.extend(
                [build_row(event, texts[index], sequence, index) for index, event in decoded]
            )
            rejected = len(batch.rejected) - before
            batch.messages.append(self._record(delivery, len(texts), rejected))
        return batch

    def _record(self, delivery: Delivery, events: int, rejected: int) -> MessageRecord:
        return MessageRecord(
            stream_sequence=delivery.stream_sequence,
            published_at=delivery.published_at,
            source=self._source,
            received_at=delivery.receivedat or delivery.published_at,
            correlation_ids=delivery.correlationids or "",
            events=events,
            rejected=rejected,
            trace_contexts=delivery.trace_contexts,
        )

    def _count(self, batch: _Batch) -> None:
        known = sum(message.duplicates for message in batch.messages)
        now = datetime.now(UTC)
        delay = STORE_DELAY.labels(self._source)
        for message in batch.messages:
            delay.observe(max(0.0, (now - message.received_at).total_seconds()))
        self._accepted.inc(batch.events)
        self._processed.inc(batch.events - len(batch.rejected))
        BATCH_EVENTS.labels(self._source).observe(batch.events)
        DUPLICATES.labels(self._source).inc(known)
        for rejection in batch.rejected:
            self._failed.labels(rejection.code).inc()


def _one_by_one(
    delivery: Delivery, latest: datetime, rejected: list[RejectedEvent], *, escapes: bool
) -> Iterator[tuple[int, Event]]:
    """Yield the valid events with their indexes; note the others as rejected."""
    for index, raw in enumerate(delivery.data):
        try:
            yield index, decode_event(raw, latest, escapes=escapes)
        except InvalidEventError as error:
            rejected.append(_rejection(delivery, index, error))


def _rejection(delivery: Delivery, index: int, error: InvalidEventError) -> RejectedEvent:
    detail = f"{error.path}: {error.detail}" if error.path else error.detail
    return RejectedEvent(delivery.id, index, error.code, detail)
