"""Takes a person out of segments, which know them by a hash.

Which of the events are meant is decided as it is for rows: those whose message was published by
the moment. A segment that holds any is replaced by another, which has a higher number; so do
merged ones, and they appear in the very moment in which those that they are made of go. Whoever
goes through the numbers upwards thus meets every segment that has the person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from infra.erasing.person import Person
from infra.erasing.progress import Tell
from shared.segments.changing import without_persons
from shared.segments.columns import Values
from shared.segments.decoding import decode
from shared.segments.encoding import encode
from shared.segments.hashing import text_hash
from shared.store.queries import query
from shared.store.segments import locked_segments, store_segment

_STEP: Final = "segments"

Connection = psycopg.AsyncConnection[TupleRow]


async def anonymize_segments(
    connection: Connection, person: Person, moment: datetime, tell: Tell
) -> None:
    """Take the person out of all segments. Each commits by itself; doing it again finishes.

    The tombstones are there: nobody writes what is taken out here. Raises psycopg.Error.
    """
    wanted = text_hash(person.user_id)
    after = done = 0
    while True:
        values = {"after": after, "sources": list(person.sources)}
        cursor = await connection.execute(query("erase_segment_persons"), values, binary=True)
        found = await cursor.fetchall()
        if not found:
            return
        for number, column in found:
            if wanted in decode({"person": column})["person"]:
                await _rewrite(connection, number, wanted, moment)
        after, done = found[-1][0], done + len(found)
        tell(_STEP, done, done)


async def _rewrite(connection: Connection, number: int, wanted: int, moment: datetime) -> None:
    """Replace a segment that is still there by one without the person."""
    async with connection.transaction(), connection.cursor() as cursor:
        for source, values in await locked_segments(cursor, [number]):
            theirs = await _theirs(cursor, values, wanted, moment)
            if theirs:
                await store_segment(cursor, source, encode(without_persons(values, theirs)))
                await cursor.execute(query("segments_delete"), {"ids": [number]})
                await cursor.execute(query("row_changed"))


async def _theirs(
    cursor: psycopg.AsyncCursor[TupleRow],
    values: Mapping[str, Values],
    wanted: int,
    moment: datetime,
) -> Sequence[int]:
    """Return the positions of the person's events of messages published by the moment."""
    positions = [at for at, person in enumerate(values["person"]) if person == wanted]
    sequences = values["stream_sequence"]
    known = {"sequences": sorted({sequences[at] for at in positions})}
    await cursor.execute(query("segments_published"), known)
    published: dict[Any, datetime] = dict(await cursor.fetchall())
    return [at for at in positions if published.get(sequences[at], moment) <= moment]
