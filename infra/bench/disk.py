"""What stored events take on PostgreSQL's disk."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from shared.store.queries import query

_CONNECT_TIMEOUT = 5


def sizes(database_url: str) -> dict[str, int]:
    """Return the bytes of each table, its partitions and indexes included. Raises psycopg.Error."""
    with psycopg.connect(
        database_url, connect_timeout=_CONNECT_TIMEOUT, application_name="hookstream bench"
    ) as connection:
        return dict(connection.execute(query("bench_sizes")).fetchall())


@dataclass(frozen=True, slots=True)
class Growth:
    """By how many bytes tables grew when `events` were stored, whose JSON has `json_bytes`."""

    tables: Mapping[str, int]
    events: int
    json_bytes: int

    @classmethod
    def between(
        cls, before: Mapping[str, int], after: Mapping[str, int], events: int, json_bytes: int
    ) -> "Growth":
        """Return the growth from `before` to `after`; tables that did not grow are left out."""
        grown = {name: size - before.get(name, 0) for name, size in after.items()}
        tables = {name: size for name, size in grown.items() if size > 0}
        return cls(tables, events, json_bytes)

    def per_event(self, size: int) -> float | None:
        """Return bytes per event, None if there was none."""
        return size / self.events if self.events else None

    @property
    def all(self) -> int:
        """The growth of all tables."""
        return sum(self.tables.values())

    @property
    def to_json(self) -> float | None:
        """The growth relative to the events' own JSON, None if there was none."""
        return self.all / self.json_bytes if self.json_bytes else None
