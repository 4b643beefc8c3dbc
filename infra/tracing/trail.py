"""What became of the events of one request, step by step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Step(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """One step; `at` is when it ended, by the clock of whoever noted it.

    `what` is accepted, answered, published, delivered, not delivered, stored or dead letter;
    `message` is the packed message, e.g. `EVENTS:42`, and `events` how many of the request's
    events it is about. `details` are of its kind.
    """

    at: datetime
    what: str
    source: str = ""
    message: str = ""
    events: int = 0
    details: dict[str, Any] = {}


class Trail(msgspec.Struct, rename="camel", kw_only=True):
    """The steps in the order of their times; `notes` say what could not be looked at."""

    id: str
    steps: Sequence[Step] = ()
    trace_ids: Sequence[str] = ()
    notes: Sequence[str] = ()
    away: bool = False


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """A message with events of the request."""

    sequence: int
    source: str
    events: int

    @property
    def name(self) -> str:
        """Return its name."""
        return f"EVENTS:{self.sequence}"

    def step(self, at: datetime, what: str, **details: object) -> Step:
        """Return a step of it."""
        return Step(
            at=at,
            what=what,
            source=self.source,
            message=self.name,
            events=self.events,
            details=details,
        )


def matching(runs: str, name: str) -> int:
    """Return how many events a header's runs (`<id>*<events> …`) say belong to `name`.

    In traceparents, `name` may be the trace's id.
    """
    total = 0
    for run in runs.split():
        given, _, count = run.rpartition("*")
        if name == given or name in given.split("-")[1:2]:
            total += int(count) if count.isdecimal() else 0
    return total
