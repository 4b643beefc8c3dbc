"""How the pipeline stands: what was processed, what waits, what was given up, how fresh it is."""

import asyncio
import time
from datetime import datetime

import msgspec
from psycopg.rows import TupleRow

from shared.dead_letters.selection import LETTER_SOURCES
from shared.events.model import SOURCES
from shared.store.pool import Connection, Database
from shared.store.queries import query

STALE_AFTER = 10.0
"""Seconds without a word from the connector, which speaks each second."""

_SHARE = 0.05
_AT_LEAST = 1.0


class _Wire(msgspec.Struct, rename="camel", kw_only=True):
    """Members are written in the order in which they stand."""


class Processed(_Wire):
    """What became of the events of all processed messages of a source.

    `events` = `stored` + `duplicates` + `rejected`.
    """

    events: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0


class SourceStanding(_Wire):
    """One source; accepted are the `processed` events and those in `pending_messages`.

    Every event accepted before `as_of` is in the reports; `freshness_seconds` is its age. What
    the connector has never said is null, and `stale` if it was said too long ago.
    """

    source: str
    stale: bool
    observed_at: datetime | None
    as_of: datetime | None
    freshness_seconds: float | None
    processed: Processed
    pending_messages: int | None
    oldest_pending_at: datetime | None
    dead_letters: int | None


class PipelineStanding(_Wire):
    """All sources; `unknown` has the dead letters whose source cannot be read."""

    stale: bool
    as_of: datetime | None
    freshness_seconds: float | None
    sources: list[SourceStanding]


class Pipeline:
    """Reads the standing; the sums of the ledger take at most a twentieth of the time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._summing = asyncio.Lock()
        self._sums: dict[str, Processed] = {}
        self._sums_until = 0.0

    async def standing(self) -> PipelineStanding:
        """Return how the pipeline stands now. Raises Problem."""
        async with self._database.snapshot() as connection:
            values = {"sources": list(LETTER_SOURCES)}
            cursor = await connection.execute(query("pipeline_standing"), values)
            rows = await cursor.fetchall()
            processed = await self._processed(connection)
        sources = [_source(row, processed.get(row[0], Processed())) for row in rows]
        real = [each for each in sources if each.source in SOURCES]
        moments = [each.as_of for each in real if each.as_of is not None]
        ages = [each.freshness_seconds for each in real if each.freshness_seconds is not None]
        complete = len(moments) == len(real)
        return PipelineStanding(
            stale=any(each.stale for each in real),
            as_of=min(moments) if complete else None,
            freshness_seconds=max(ages) if complete else None,
            sources=sources,
        )

    async def _processed(self, connection: Connection) -> dict[str, Processed]:
        """Return the ledger's sums, which cost a scan, as they were a moment ago at most."""
        async with self._summing:
            started = time.monotonic()
            if started >= self._sums_until:
                cursor = await connection.execute(query("pipeline_ledger"))
                self._sums = {
                    source: Processed(
                        events=events, stored=stored, duplicates=duplicates, rejected=rejected
                    )
                    for source, events, stored, duplicates, rejected in await cursor.fetchall()
                }
                ended = time.monotonic()
                self._sums_until = ended + max(_AT_LEAST, (ended - started) / _SHARE)
            return self._sums


def _source(row: TupleRow, processed: Processed) -> SourceStanding:
    source, as_of, age, pending, oldest_at, letters, observed_at, silence = row
    return SourceStanding(
        source=source,
        stale=silence is None or silence > STALE_AFTER,
        observed_at=observed_at,
        as_of=as_of,
        freshness_seconds=None if age is None else round(age, 3),
        processed=processed,
        pending_messages=pending,
        oldest_pending_at=oldest_at,
        dead_letters=letters,
    )
