"""Puts into segments what a version before them has stored, while it still runs and after.

Reports that need segments cannot be answered about a quarter of an hour that is behind.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from shared.errors import Problem
from shared.events.model import EVENT_TYPES
from shared.segments.decoding import decode
from shared.segments.encoding import encode
from shared.store.erasures import without_erased
from shared.store.identities import erased_since
from shared.store.pool import Connection, Database
from shared.store.queries import query
from shared.store.rows import Row
from shared.store.segments import column_values, store_segment
from shared.telemetry import fields

INTERVAL = 60.0
ROWS: Final = 8_192
"""Rows of a step, more only if so many are of the same microsecond."""

_QUARTER: Final = timedelta(minutes=15)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


class _Slice(NamedTuple):
    """Some time of a quarter of an hour, of one source."""

    source: str
    quarter: datetime
    start: datetime
    end: datetime

    @property
    def values(self) -> dict[str, object]:
        """Return what its statements ask for."""
        types = [kind.id for kind in EVENT_TYPES if kind.source == self.source]
        return {**self._asdict(), "types": types, "events": ROWS}


class SegmentFolder:
    """Brings segments up to date with rollup_types, as far as there are rows.

    It works through a pool whose connections prepare() has configured.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Fold until cancelled; a database that is away or busy is tried again."""
        while True:
            try:
                await self.fold()
            except Problem as problem:
                logger.warning("rows not folded", extra=fields(error=str(problem)))
            await asyncio.sleep(INTERVAL)

    async def fold(self) -> None:
        """Fold every quarter of an hour that is behind, step by step. Raises Problem.

        Each step commits by itself, and finds out what is missing when nobody can add to it: it
        may be done by several at once, ended anywhere and done again.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(query("segments_unfolded"))
            behind = await cursor.fetchall()
        for source, quarter in behind:
            start, end = quarter, quarter + _QUARTER
            folded = 0
            while start < end:
                async with self._database.transaction() as connection:
                    part = await _cut(connection, _Slice(source, quarter, start, end))
                    folded += await _fold(connection, part)
                start = part.end
            done = {"source": source, "quarter": quarter.isoformat(), "events": folded}
            logger.info("rows folded", extra=fields(**done))


async def _cut(connection: Connection, rest: _Slice) -> _Slice:
    """Return as much of the beginning of what is left as is a step."""
    cursor = await connection.execute(query("fold_end"), rest.values)
    found = await cursor.fetchone()
    if found is None:
        return rest
    return rest._replace(end=max(found[0], rest.start + _MICROSECOND))


async def _fold(connection: Connection, part: _Slice) -> int:
    """Store as a segment the rows that no segment has; return how many these are."""
    async with connection.cursor() as cursor:
        # In the order in which writers lock: what they hold when they want the rollups is had
        # before these.
        anybody = await erased_since(cursor, _LONG_AGO)
        await cursor.execute(query("fold_hold"), part.values)
        rows = await _missing(cursor, part)
        if not rows:
            return 0
        if anybody:
            rows = await without_erased(cursor, rows, await _published(cursor, rows))
        segment = await asyncio.to_thread(lambda: encode(column_values(rows)))
        await store_segment(cursor, part.source, segment)
        counts = Counter(row.type_id for row in rows)
        added = {"types": list(counts), "counts": list(counts.values())}
        await cursor.execute(query("fold_count"), {**part.values, **added})
        return len(rows)


async def _missing(cursor: AsyncCursor[TupleRow], part: _Slice) -> list[Row]:
    """Return the rows that are in no segment.

    An event is known by where in the stream it came from, and its time and type: the same place of
    two streams, of which one is gone, is not the same event.
    """
    await cursor.execute(query("fold_segments"), part.values, binary=True)
    known = Counter(_places(await cursor.fetchall()))
    await cursor.execute(query("fold_rows"), part.values, binary=True)
    rows = []
    for row in map(_row, await cursor.fetchall()):
        place = _instant(row), row.type_id, row.stream_sequence, row.stream_position
        if known[place]:
            known[place] -= 1
        else:
            rows.append(row)
    return rows


def _places(segments: Sequence[TupleRow]) -> Iterable[tuple[Any, ...]]:
    names = ("occurred_at", "type_id", "stream_sequence", "stream_position")
    for segment in segments:
        values = decode(dict(zip(names, segment, strict=True)))
        yield from zip(*(values[name] for name in names), strict=True)


def _instant(row: Row) -> int:
    return int.from_bytes(row.columns[0], "big", signed=True)  # type: ignore[arg-type]  # bytes


def _row(found: TupleRow) -> Row:
    """Return as much of a row as segments are made of, from a row of fold_rows.sql."""
    occurred_at, type_id, *facts, sequence, position = found
    columns = (occurred_at, type_id, "", facts[0], facts[-1], "", sequence, position)
    return Row(b"", 0, type_id, facts[-1], sequence, position, columns, tuple(facts))


async def _published(
    cursor: AsyncCursor[TupleRow], rows: Sequence[Row]
) -> list[tuple[int, datetime]]:
    """Return when the rows' messages were published; long ago if nobody knows."""
    sequences = {row.stream_sequence for row in rows}
    await cursor.execute(query("segments_published"), {"sequences": list(sequences)})
    known: dict[int, datetime] = dict(await cursor.fetchall())
    return [(sequence, known.get(sequence, _LONG_AGO)) for sequence in sequences]
