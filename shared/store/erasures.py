"""Events of erased persons, which are stored and counted without the person.

A tombstone is about what the stream had taken by a moment. What comes later is new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from shared.events.model import EVENT_TYPES, Source
from shared.store.copying import KeyArray
from shared.store.queries import query
from shared.store.rows import Row, identity, user_of, without_person

_SOURCES = {kind.id: kind.source for kind in EVENT_TYPES}


def tombstone(source: Source, user_id: str) -> bytes:
    """Return the 128 bits that stand for an erased person: a hash, as an event's identity is."""
    return identity(source, user_id)


async def without_erased(
    cursor: AsyncCursor[TupleRow], rows: Sequence[Row], published: Iterable[tuple[int, datetime]]
) -> list[Row]:
    """Return the rows, those of persons erased since their message was published without them.

    `published` pairs messages' sequences with when the stream took them. The transaction has
    called erased_since(), so that no tombstone can come before it ends. Raises psycopg.Error.
    """
    oldest: dict[int, datetime] = {}
    for sequence, moment in published:
        oldest[sequence] = min(moment, oldest.get(sequence, moment))
    persons = [tombstone(_SOURCES[row.type_id], user_of(row)) for row in rows]
    await cursor.execute(query("store_erased"), {"persons": KeyArray.of(set(persons))})
    erased: dict[bytes, datetime] = dict(await cursor.fetchall())
    return [
        without_person(row)
        if person in erased and oldest[row.stream_sequence] <= erased[person]
        else row
        for row, person in zip(rows, persons, strict=True)
    ]
