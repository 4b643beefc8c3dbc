"""Says in the database up to when each source is processed, so that reports can tell.

A consumer with nothing pending is complete up to the moment at which the server said so; else up
to its oldest unprocessed message. Clock: the NATS server's, which also stamps the messages.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
from nats.errors import Error as NatsError
from nats.js import api
from nats.js.errors import NotFoundError

from infra.connector.metrics import (
    OLDEST_PENDING,
    PENDING_EVENTS,
    PENDING_MESSAGES,
    UNACKNOWLEDGED,
)
from infra.connector.standing import Standing, write_standings
from shared.errors import Problem
from shared.events.model import SOURCES, Source
from shared.store.pool import Database
from shared.store.queries import query
from shared.stream.connection import Broker
from shared.stream.packing import EVENT_COUNT, subject
from shared.stream.topology import EVENTS, consumer_name
from shared.telemetry import fields

INTERVAL = 1.0

logger = logging.getLogger(__name__)


class _Floor(msgspec.Struct):
    stream_seq: int = 0


class ConsumerState(msgspec.Struct):
    """The part of the server's CONSUMER.INFO answer that is used."""

    ts: datetime
    num_pending: int
    num_ack_pending: int
    ack_floor: _Floor


async def consumer_state(broker: Broker, source: Source) -> ConsumerState:
    """Ask the server for a consumer's state. Raises Problem or nats.errors.Error."""
    name = f"$JS.API.CONSUMER.INFO.{EVENTS}.{consumer_name(source)}"
    answer = await broker.client.request(name, timeout=2)
    try:
        return msgspec.json.decode(answer.data, type=ConsumerState)
    except msgspec.ValidationError as error:
        raise Problem("broker_unavailable", f"no consumer of {source}") from error


async def oldest_unprocessed(broker: Broker, source: Source) -> api.RawStreamMsg | None:
    """Return a source's first message that is not processed, None if there is none."""
    return (await unprocessed(broker, source))[0]


async def unprocessed(
    broker: Broker, source: Source
) -> tuple[api.RawStreamMsg | None, api.RawStreamMsg | None]:
    """Return a source's first and last messages that are not processed, None if there are none.

    The stream is asked before the consumer: a consumer learns of a message a moment after the
    publisher has been answered, so that its own count of pending ones may be behind. The stream's
    leader is asked: a direct get is answered by any replica, and one that is behind would have
    messages taken for processed that are not
    (https://docs.nats.io/learn/jetstream/get-direct).
    """
    try:
        last = await broker.jetstream.get_last_msg(EVENTS, subject(source))
    except NotFoundError:
        return None, None
    floor = (await consumer_state(broker, source)).ack_floor.stream_seq
    if floor >= (last.seq or 0):
        return None, None
    first = await broker.jetstream.get_msg(
        EVENTS, seq=floor + 1, subject=subject(source), next=True
    )
    return first, last


def _events(message: api.RawStreamMsg | None) -> int:
    return int((message.headers or {}).get(EVENT_COUNT, "1")) if message is not None else 0


class WatermarkKeeper:
    """Writes the watermarks every second, and how far each source is behind."""

    def __init__(self, broker: Broker, database: Database) -> None:
        self._broker = broker
        self._database = database

    async def run(self) -> None:
        """Write until cancelled; a broker or database that is away is tried again."""
        while True:
            seen: list[Standing] = []
            for source in SOURCES:
                with _logged("watermark not written", source=source):
                    seen.append(await self._write(source))
            with _logged("standing not written"):
                await write_standings(self._broker, self._database, seen)
            await asyncio.sleep(INTERVAL)

    async def _write(self, source: Source) -> Standing:
        state = await consumer_state(self._broker, source)
        oldest, newest = await unprocessed(self._broker, source)
        as_of = state.ts if oldest is None else oldest.time or state.ts
        pending = state.num_pending + state.num_ack_pending
        PENDING_MESSAGES.labels(source).set(pending)
        PENDING_EVENTS.labels(source).set(pending * (_events(oldest) + _events(newest)) / 2)
        UNACKNOWLEDGED.labels(source).set(state.num_ack_pending)
        OLDEST_PENDING.labels(source).set(max(0.0, (state.ts - as_of).total_seconds()))
        async with self._database.transaction() as connection:
            await connection.execute(query("write_watermark"), {"source": source, "as_of": as_of})
        return Standing(source, pending, None if oldest is None else as_of)


@contextmanager
def _logged(event: str, **about: object) -> Iterator[None]:
    """Log that the block failed because a server is away."""
    try:
        yield
    except (Problem, NatsError) as error:
        logger.warning(event, extra=fields(**about, error=str(error)))
