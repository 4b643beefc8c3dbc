"""The steps that the database has on record: accepted, published, stored."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from infra.tracing.trail import Packed, Step, packed
from shared.store.queries import query

MOST = 1_000
"""Messages of a request: 50,000 events are 100 or a few more."""


@dataclass(slots=True)
class Found:
    """What a place has on record of a request."""

    steps: list[Step] = field(default_factory=list)
    messages: list[Packed] = field(default_factory=list)
    trace_contexts: list[str] = field(default_factory=list)


def read_ledger(database_url: str, name: str, timeout: float) -> Found:
    """Read the messages that are stored. Raises psycopg.Error."""
    options = f"-c statement_timeout={int(timeout * 1000)}"
    found = Found()
    with psycopg.connect(
        database_url, connect_timeout=5, options=options, row_factory=dict_row
    ) as connection:
        for row in connection.execute(query("trace_ledger"), {"id": name, "most": MOST}):
            origins = row["correlation_ids"], row["trace_contexts"]
            if message := packed(row["stream_sequence"], row["source"], *origins, name):
                found.messages.append(message)
                found.trace_contexts.append(row["trace_contexts"])
                found.steps += _steps(message, row)
    return found


def _steps(message: Packed, row: dict[str, Any]) -> Iterator[Step]:
    yield message.step(row["received_at"], "accepted")
    yield message.step(row["published_at"], "published")
    names = ("events", "stored", "duplicates", "rejected")
    outcome = {name: row[name] for name in names}
    yield message.step(row["stored_at"], "stored", ofTheMessage=outcome)
