"""Puts events into the tables with statements of its own, rollups computed in Python."""

import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
from integration.reports.naive import Event
from psycopg.sql import SQL, Identifier, Placeholder

from shared.segments.columns import DEVICES, GENDERS, NUMBERS, Values
from shared.segments.encoding import encode
from shared.segments.hashing import text_hash

_COLUMNS = [field.name for field in fields(Event)]
_QUARTER = timedelta(minutes=15)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ADD = """
insert into rollup_types as known values (%s, %s, %s, %s, %s, %s, %s)
on conflict (bucket, type_id) do update set
    events = known.events + excluded.events,
    transactions = known.transactions + excluded.transactions,
    revenue = known.revenue + excluded.revenue,
    events_in_seconds = known.events_in_seconds + excluded.events_in_seconds,
    events_in_segments = known.events_in_segments + excluded.events_in_segments
"""
_ADD_SECOND = """
insert into rollup_seconds as known values (%s, %s, %s, %s, %s)
on conflict (second, type_id) do update set
    events = known.events + excluded.events,
    transactions = known.transactions + excluded.transactions,
    revenue = known.revenue + excluded.revenue
"""


def clear(connection: psycopg.Connection) -> None:
    """Forget all events, and tell of it those who remember answers."""
    # A question that was broken off may have left its snapshot: that is to fail, not to wait.
    connection.execute("set lock_timeout = '60s'")
    connection.execute("truncate events, rollup_types, rollup_seconds, watermarks, segments")
    connection.execute("update row_changes set number = number + 1")


def make_room(connection: psycopg.Connection, events: Iterable[Event]) -> None:
    """Make the partitions of the events' days."""
    for day in {event.occurred_at.date() for event in events}:
        connection.execute("select ensure_partition(%s)", (day,))


def store(
    connection: psycopg.Connection,
    events: Iterable[Event],
    *,
    seconds: bool = True,
    segments: bool = True,
) -> None:
    """Add rows, rollups and segments in the connection's transaction; their partitions are there.

    Without `seconds` or `segments` it is what older versions store.
    """
    stored = list(events)
    with connection.cursor().copy(
        f"copy events ({', '.join(_COLUMNS)}, raw, stream_sequence, stream_position) from stdin"
    ) as copy:
        for event in stored:
            copy.write_row((*astuple(event), "{}", 1, 1))
    for group, figures in sorted(_rollups(stored, _QUARTER).items()):
        counted = figures[0] if seconds else 0, figures[0] if segments else 0
        connection.execute(_ADD, (*group, *figures, *counted))
    if seconds:
        for group, figures in sorted(_rollups(stored, _SECOND).items()):
            connection.execute(_ADD_SECOND, (*group, *figures))
    if segments:
        for source in sorted({event.kind[0] for event in stored}):
            store_segment(connection, source, [e for e in stored if e.kind[0] == source])


def store_segment(connection: psycopg.Connection, source: str, events: Sequence[Event]) -> None:
    """Add a segment; all of its events are of the source."""
    columns = {name: _column(name, list(map(get, events))) for name, get in _SEGMENT.items()}
    zeros = [0] * len(events)
    for name in ("stream_sequence", "stream_position"):
        columns[name] = array(NUMBERS[name].typecode, zeros)
    segment = encode(columns)
    names = ["source", "first_at", "last_at", "events", *segment.columns]
    limits = [_EPOCH + timedelta(microseconds=limit) for limit in (segment.first, segment.last)]
    statement = SQL("insert into segments ({}) values ({})").format(
        SQL(", ").join(map(Identifier, names)), SQL(", ").join([Placeholder()] * len(names))
    )
    values = [source, *limits, segment.events, *segment.columns.values()]
    connection.execute(statement, values)


_SEGMENT: dict[str, Callable[[Event], object]] = {
    "occurred_at": lambda event: (event.occurred_at - _EPOCH) // timedelta(microseconds=1),
    "type_id": lambda event: event.type_id,
    "person": lambda event: text_hash(event.user_id) if event.user_id else 0,
    "age": lambda event: event.age,
    "gender": lambda event: None if event.gender is None else GENDERS.index(event.gender),
    "device": lambda event: None if event.device is None else DEVICES.index(event.device),
    "followers": lambda event: event.followers,
    "watch_time": lambda event: event.watch_time,
    "percentage_watched": lambda event: event.percentage_watched,
    "revenue": lambda event: None if event.revenue is None else int(event.revenue * 10_000),
    "country": lambda event: event.country,
    "city": lambda event: None if event.city is None else (event.city, event.country),
    "campaign": lambda event: event.campaign_id,
    "item": lambda event: event.purchased_item,
}


def _column(name: str, values: list[object]) -> Values:
    numbers = NUMBERS.get(name)
    if numbers is None:
        return values
    none = numbers.none if math.isnan(numbers.none) else int(numbers.none)
    return array(numbers.typecode, [none if value is None else value for value in values])


def _rollups(
    events: Iterable[Event], bucket: timedelta
) -> dict[tuple[datetime, int], tuple[int, int, Decimal]]:
    groups: dict[tuple[datetime, int], list[Event]] = defaultdict(list)
    for event in events:
        start = event.occurred_at - (event.occurred_at - _EPOCH) % bucket
        groups[start, event.type_id].append(event)
    figures = {}
    for group, members in groups.items():
        amounts = [event.revenue for event in members if event.revenue is not None]
        figures[group] = len(members), len(amounts), sum(amounts, Decimal(0))
    return figures
