"""Looks at all places for one request, and shows what was found."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import psycopg
from nats.errors import Error as NatsError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.tracing.ledger import Found, read_ledger
from infra.tracing.logs import read_logs
from infra.tracing.streams import read_streams
from infra.tracing.trail import Trail
from shared.stream.packing import distinct_traceparents
from shared.tracing import trace_id

NO_LOGS = (
    "There are no logs here: answers and single deliveries are in those of webhook-ingest"
    " (correlationId) and of the connector (sequences)."
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look; `timeout` bounds the query, in seconds."""

    nats_url: str
    database_url: str
    logs: Path
    timeout: float


def follow(places: Places, name: str) -> Trail:
    """Return what is on record; a server that is away is a note."""
    notes: list[str] = []
    ledger, broker = Found(), Found()
    try:
        ledger = read_ledger(places.database_url, name, places.timeout)
    except psycopg.Error as error:
        notes.append(f"The database cannot be read: {type(error).__name__}.")
    try:
        broker = asyncio.run(read_streams(places.nats_url, name, ledger.messages))
    except (NatsError, OSError) as error:
        notes.append(f"The broker cannot be read: {type(error).__name__}.")
    away = bool(notes)
    steps = [*ledger.steps, *broker.steps]
    if places.logs.is_dir():
        steps += read_logs(places.logs, name, [*ledger.messages, *broker.messages])
    else:
        notes.append(NO_LOGS)
    contexts = distinct_traceparents([*ledger.trace_contexts, *broker.trace_contexts])
    return Trail(
        id=name,
        steps=sorted(steps, key=lambda step: step.at),
        trace_ids=list(dict.fromkeys(map(trace_id, contexts))),
        notes=notes,
        away=away,
    )


def show(console: Console, trail: Trail) -> None:
    """Print the steps with their times."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("time", "step", "source", "message", "events", ""):
        table.add_column(name, no_wrap=bool(name), justify="right" if name == "events" else "left")
    for step in trail.steps:
        details = ", ".join(f"{name} {value}" for name, value in step.details.items())
        moment = step.at.astimezone().isoformat(timespec="milliseconds")
        events = str(step.events or "")
        table.add_row(moment, step.what, step.source, step.message, events, escape(details))
    if trail.steps:
        console.print(table)
    else:
        console.print(f"Nothing is on record of {escape(trail.id)}.")
    for trace in trail.trace_ids:
        console.print(f"trace {trace}")
    for note in trail.notes:
        console.print(note, style="dim")
