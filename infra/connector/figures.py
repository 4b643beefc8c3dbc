"""Figures of the stream and the database, for metrics: no exporter of theirs has to run.

Contracts: STREAM.INFO and CONSUMER.INFO of https://docs.nats.io/reference/reference-protocols/
nats_api_reference; https://www.postgresql.org/docs/current/monitoring-stats.html.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from nats.errors import Error as NatsError
from psycopg.rows import TupleRow

from infra.connector import metrics
from shared.errors import Problem
from shared.metrics import Counter
from shared.settings import Settings
from shared.store.pool import Connection, Database
from shared.store.queries import query
from shared.stream.connection import Broker
from shared.stream.dead_letters import STREAM as DEADLETTER
from shared.stream.pressure import DISK_FREE
from shared.stream.topology import EVENTS
from shared.telemetry import fields

INTERVAL = 5.0

logger = logging.getLogger(__name__)


class _Config(msgspec.Struct):
    max_bytes: int = -1


class _State(msgspec.Struct):
    messages: int
    bytes: int
    last_ts: datetime


class StreamFigures(msgspec.Struct):
    """The part of the server's STREAM.INFO answer that is used; `ts` is when it was given."""

    ts: datetime
    config: _Config
    state: _State


class Following:
    """Makes a counter follow a total that another server counts, from the first look on."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._last: float | None = None

    def see(self, total: float) -> None:
        """Note the total; one that is less was begun anew."""
        if self._last is not None:
            self._counter.inc(total - self._last if total >= self._last else total)
        self._last = total


class FiguresKeeper:
    """Looks every few seconds; a server that is away is said to be away."""

    def __init__(self, broker: Broker, database: Database, chosen: Settings) -> None:
        self._broker = broker
        self._database = database
        self._disk = chosen.stream_disk
        self._began = datetime.now(UTC)
        self._followed = [
            Following(counter)
            for counter in (
                metrics.DATABASE_TRANSACTIONS.labels("committed"),
                metrics.DATABASE_TRANSACTIONS.labels("rolled back"),
                metrics.DATABASE_BLOCKS.labels("cache"),
                metrics.DATABASE_BLOCKS.labels("disk"),
                metrics.DATABASE_ROWS,
                metrics.DATABASE_DEADLOCKS,
            )
        ]
        metrics.PUBLISHER_INTERVAL.set(chosen.publisher_interval)
        metrics.DISK_RESERVE.set(chosen.stream_disk_reserve)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            metrics.LOOKED_AT.set_to_current_time()
            await asyncio.gather(
                self._noted("broker", self._streams()), self._noted("database", self._look())
            )
            await asyncio.sleep(INTERVAL)

    async def _noted(self, server: str, look: Awaitable[None]) -> None:
        """Note whether a server answered."""
        try:
            await look
        except (Problem, NatsError) as error:
            metrics.SERVER_UP.labels(server).set(0)
            logger.warning("no figures", extra=fields(server=server, error=str(error)))
        else:
            metrics.SERVER_UP.labels(server).set(1)

    async def _streams(self) -> None:
        for stream in (EVENTS, DEADLETTER):
            found = await stream_figures(self._broker, stream)
            metrics.STREAM_MESSAGES.labels(stream).set(found.state.messages)
            metrics.STREAM_BYTES.labels(stream).set(found.state.bytes)
            metrics.STREAM_LIMIT.labels(stream).set(max(0, found.config.max_bytes))
            if stream == EVENTS:
                silence = found.ts - max(self._began, found.state.last_ts)
                metrics.SILENCE.set(max(0.0, silence.total_seconds()))
        if self._disk:
            with suppress(OSError):  # ingest, which depends on it, says so
                DISK_FREE.set(shutil.disk_usage(self._disk).free)

    async def _look(self) -> None:
        await self._database.ping()  # in bounded time, which a frozen server does not keep
        size, connections, most, oldest, *totals = await self._database.glance(_database_figures)
        metrics.DATABASE_BYTES.set(size)
        metrics.DATABASE_CONNECTIONS.set(connections)
        metrics.DATABASE_CONNECTIONS_LIMIT.set(most)
        metrics.OLDEST_TRANSACTION.set(oldest)
        for followed, total in zip(self._followed, totals, strict=True):
            followed.see(total)


async def _database_figures(connection: Connection) -> TupleRow:
    cursor = await connection.execute(query("database_figures"))
    [row] = await cursor.fetchall()
    return row


async def stream_figures(broker: Broker, stream: str) -> StreamFigures:
    """Ask the server for a stream's figures. Raises Problem or nats.errors.Error."""
    answer = await broker.client.request(f"$JS.API.STREAM.INFO.{stream}", timeout=2)
    try:
        return msgspec.json.decode(answer.data, type=StreamFigures)
    except msgspec.ValidationError as error:
        raise Problem("broker_unavailable", f"no stream {stream}") from error
