"""Puts events into the tables with statements of its own, rollups computed in Python."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
from integration.reports.naive import Event

_COLUMNS = [field.name for field in fields(Event)]
_QUARTER = timedelta(minutes=15)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ADD = """
insert into rollup_types as known values (%s, %s, %s, %s, %s, %s)
on conflict (bucket, type_id) do update set
    events = known.events + excluded.events,
    transactions = known.transactions + excluded.transactions,
    revenue = known.revenue + excluded.revenue,
    events_in_seconds = known.events_in_seconds + excluded.events_in_seconds
"""
_ADD_SECOND = """
insert into rollup_seconds as known values (%s, %s, %s, %s, %s)
on conflict (second, type_id) do update set
    events = known.events + excluded.events,
    transactions = known.transactions + excluded.transactions,
    revenue = known.revenue + excluded.revenue
"""


def clear(connection: psycopg.Connection) -> None:
    """Forget all events."""
    connection.execute("truncate events, rollup_types, rollup_seconds, watermarks")


def make_room(connection: psycopg.Connection, events: Iterable[Event]) -> None:
    """Make the partitions of the events' days."""
    for day in {event.occurred_at.date() for event in events}:
        connection.execute("select ensure_partition(%s)", (day,))


def store(connection: psycopg.Connection, events: Iterable[Event], *, seconds: bool = True) -> None:
    """Add rows and rollups in the connection's transaction; their partitions are there.

    Without `seconds` it is what an older version stores.
    """
    stored = list(events)
    with connection.cursor().copy(
        f"copy events ({', '.join(_COLUMNS)}, raw, stream_sequence, stream_position) from stdin"
    ) as copy:
        for event in stored:
            copy.write_row((*astuple(event), "{}", 1, 1))
    for group, figures in sorted(_rollups(stored, _QUARTER).items()):
        connection.execute(_ADD, (*group, *figures, figures[0] if seconds else 0))
    if seconds:
        for group, figures in sorted(_rollups(stored, _SECOND).items()):
            connection.execute(_ADD_SECOND, (*group, *figures))


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
