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
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ADD = """
insert into rollup_types values (%s, %s, %s, %s, %s)
on conflict (bucket, type_id) do update set
    events = rollup_types.events + excluded.events,
    transactions = rollup_types.transactions + excluded.transactions,
    revenue = rollup_types.revenue + excluded.revenue
"""


def clear(connection: psycopg.Connection) -> None:
    """Forget all events."""
    connection.execute("truncate events, rollup_types, watermarks")


def make_room(connection: psycopg.Connection, events: Iterable[Event]) -> None:
    """Make the partitions of the events' days."""
    for day in {event.occurred_at.date() for event in events}:
        connection.execute("select ensure_partition(%s)", (day,))


def store(connection: psycopg.Connection, events: Iterable[Event]) -> None:
    """Add rows and rollups in the connection's transaction; their partitions are there."""
    rollups: dict[tuple[datetime, int], list[Event]] = defaultdict(list)
    with connection.cursor().copy(
        f"copy events ({', '.join(_COLUMNS)}, raw, stream_sequence, stream_position) from stdin"
    ) as copy:
        for event in events:
            copy.write_row((*astuple(event), "{}", 1, 1))
            bucket = event.occurred_at - (event.occurred_at - _EPOCH) % _QUARTER
            rollups[bucket, event.type_id].append(event)
    for (bucket, type_id), group in rollups.items():
        amounts = [event.revenue for event in group if event.revenue is not None]
        values = (bucket, type_id, len(group), len(amounts), sum(amounts, Decimal(0)))
        connection.execute(_ADD, values)
