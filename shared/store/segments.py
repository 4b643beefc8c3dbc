"""Stores segments: what reports read of the rows that a transaction stores, column by column."""

import sys
from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from shared.events.model import EVENT_TYPES, Source
from shared.segments.columns import DEVICES, GENDERS, NO_CODE, NUMBERS, Values
from shared.segments.decoding import decode
from shared.segments.encoding import Segment, encode, text_hashes
from shared.store.queries import query
from shared.store.rows import POSTGRES_EPOCH, Row

_SOURCES: Final = {kind.id: kind.source for kind in EVENT_TYPES}


def _codes(names: Sequence[str]) -> dict[str | None, int]:
    return {None: NO_CODE, **{name: code for code, name in enumerate(names)}}


_GENDER_CODES: Final = _codes(GENDERS)
_DEVICE_CODES: Final = _codes(DEVICES)


async def store_segments(cursor: AsyncCursor[TupleRow], rows: Sequence[Row]) -> None:
    """Store rows as segments, one for each source. Raises psycopg.Error."""
    for source, own in _by_source(rows).items():
        await store_segment(cursor, source, encode(column_values(own)))


async def store_segment(cursor: AsyncCursor[TupleRow], source: str, segment: Segment) -> None:
    """Store a segment. Raises psycopg.Error."""
    described = {
        "source": source,
        "first_at": _moment(segment.first),
        "last_at": _moment(segment.last),
        "events": segment.events,
    }
    await cursor.execute(query("store_segment"), {**segment.columns, **described})


async def locked_segments(
    cursor: AsyncCursor[TupleRow], ids: Sequence[int], *, waiting: bool = True
) -> list[tuple[str, dict[str, Values]]]:
    """Return source and columns of segments, which are the transaction's until it ends.

    Those that are gone are left out and, unless one is `waiting`, those that somebody else is
    changing. Raises psycopg.Error.
    """
    name = "segments_locked" if waiting else "segments_free"
    await cursor.execute(query(name), {"ids": ids}, binary=True)
    names = [column.name for column in cursor.description or ()]
    found = [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
    return [(columns.pop("source"), decode(columns)) for columns in found]


def _moment(instant: int) -> datetime:
    return POSTGRES_EPOCH + timedelta(microseconds=instant)


def _by_source(rows: Sequence[Row]) -> dict[Source, Sequence[Row]]:
    sources = {_SOURCES[type_id] for type_id in {row.type_id for row in rows}}
    if len(sources) == 1:
        return {sources.pop(): rows}
    return {source: [row for row in rows if _SOURCES[row.type_id] == source] for source in sources}


def column_values(rows: Sequence[Row]) -> dict[str, Values]:
    """Return the columns of a segment of some rows, at least one, as encode() takes them."""
    (
        users, countries, cities, ages, genders, followers, devices, watched, percentages,
        campaigns, items, revenue,
    ) = zip(*[row.facts for row in rows], strict=True)  # fmt: skip
    values: dict[str, Any] = {
        "occurred_at": _instants([row.columns[0] for row in rows]),
        "type_id": array("B", [row.type_id for row in rows]),
        "person": _persons(users),
        "age": _optional("age", ages),
        "gender": _coded(_GENDER_CODES, genders),
        "device": _coded(_DEVICE_CODES, devices),
        "followers": _optional("followers", followers),
        "watch_time": _optional("watch_time", watched),
        "percentage_watched": _optional("percentage_watched", percentages),
        "revenue": _amounts(revenue),
        "country": list(countries),
        "city": _places(cities, countries),
        "campaign": list(campaigns),
        "item": list(items),
        "stream_sequence": array("q", [row.stream_sequence for row in rows]),
        "stream_position": array("i", [row.stream_position for row in rows]),
    }
    return {name: found for name, found in values.items() if found is not None}


def _instants(instants: Sequence[Any]) -> "array[int]":
    """Return times from PostgreSQL's binary representation, which is big-endian."""
    found = array("q", b"".join(instants))
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _persons(users: Sequence[Any]) -> "array[int]":
    hashes = text_hashes(users)
    if not all(users):
        return array(
            "Q", [number if user else 0 for number, user in zip(hashes, users, strict=True)]
        )
    return hashes


def _optional(name: str, found: Sequence[Any]) -> "Values | None":
    absent = found.count(None)
    if absent == len(found):
        return None
    _, typecode, none = NUMBERS[name]
    return array(
        typecode, [none if value is None else value for value in found] if absent else found
    )


def _coded(codes: Mapping[Any, int], names: Sequence[Any]) -> Values:
    return array("B", bytes(map(codes.__getitem__, names)))


def _amounts(revenue: Sequence[Decimal | None]) -> "Values | None":
    """Return ten-thousandths, which is as exact as an amount may be."""
    if revenue.count(None) == len(revenue):
        return None
    return array("q", [-1 if amount is None else int(amount.scaleb(4)) for amount in revenue])


def _places(cities: Sequence[Any], countries: Sequence[Any]) -> "Values | None":
    if cities.count(None) == len(cities):
        return None
    if None in cities:
        pairs = zip(cities, countries, strict=True)
        return [None if city is None else (city, country) for city, country in pairs]
    return list(zip(cities, countries, strict=True))
