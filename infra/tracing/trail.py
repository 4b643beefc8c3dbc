"""What became of the events of one request, step by step."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shared.stream.packing import correlation_id_at
from shared.tracing import trace_id


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
    """A message with events of the request.

    `runs` say whose events it holds, in their order (`<id>*<events> …`): the request's are `id`.
    """

    sequence: int
    source: str
    runs: str
    id: str

    @property
    def name(self) -> str:
        """Return its name, '' if it never was in the stream."""
        return f"EVENTS:{self.sequence}" if self.sequence > 0 else ""

    @property
    def events(self) -> int:
        """Return how many events of the request it holds."""
        counts = (count for given, count in _parted(self.runs) if given == self.id)
        return sum(int(count) for count in counts if count.isdecimal())

    def has(self, index: int) -> bool:
        """Say whether the event at that place is one of the request's."""
        return correlation_id_at(self.runs, index) == self.id

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


def packed(
    sequence: int, source: str, correlation_ids: str, contexts: str, name: str
) -> Packed | None:
    """Return a message if it holds events of a request, by its correlation id or its trace's id.

    The texts are as the message's headers CORRELATION_IDS and TRACE_CONTEXTS have them.
    """
    traces = " ".join(f"{trace_id(given)}*{count}" for given, count in _parted(contexts))
    for runs in (correlation_ids, traces):
        found = Packed(sequence=sequence, source=source, runs=runs, id=name)
        if found.events:
            return found
    return None


def _parted(runs: str) -> Iterator[tuple[str, str]]:
    for run in runs.split():
        given, _, count = run.rpartition("*")
        yield given, count
