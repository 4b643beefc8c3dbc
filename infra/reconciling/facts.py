"""What is on record about the events of each source."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

HELD = 2
"""Marks a sequence whose message the stream still holds; any other mark: it is processed."""


@dataclass(slots=True)
class HeldMessages:
    """A source's messages in the stream, in order: sequences and event counts, 12 bytes each.

    `uncounted` do not say how many events they hold and are taken for one.
    """

    sequences: "array[int]" = field(default_factory=lambda: array("Q"))
    events: "array[int]" = field(default_factory=lambda: array("I"))
    uncounted: set[int] = field(default_factory=set)

    def add(self, sequence: int, events: int) -> None:
        """Take the next message."""
        self.sequences.append(sequence)
        self.events.append(events)


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How far a source's consumer is: all up to `floor` is acknowledged."""

    floor: int
    unacknowledged: int


@dataclass(slots=True)
class Letters:
    """Dead letters of the collectors' stage, by the sequence of the message they came from.

    `gone` letters of any kind have been redriven or dropped: nobody can say what they were.
    """

    places: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    damaged: dict[int, str] = field(default_factory=dict)
    gone: int = 0

    def covers(self, sequence: int, events: int) -> bool:
        """Say whether a message of so many events is buried whole."""
        return sequence in self.damaged or len(self.places.get(sequence, ())) >= events


@dataclass(slots=True)
class BrokerFacts:
    """What the broker has on record; `damaged` is known only if payloads were read."""

    created: datetime
    last_sequence: int
    held: dict[str, HeldMessages]
    consumers: dict[str, ConsumerState]
    letters: Letters
    damaged: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A source's sums over the table `messages`, and rows whose own numbers do not add up."""

    messages: int = 0
    events: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    unbalanced: int = 0
    unbalanced_examples: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A source's rows against its rollups; examples are `type bucket` of groups that differ.

    `rows` are there; `revenue` is that of all that are `recorded`, the expired ones too.
    """

    rows: int = 0
    rolled_up: int = 0
    revenue: Decimal = Decimal(0)
    revenue_rolled_up: Decimal = Decimal(0)
    count_examples: Sequence[str] = ()
    revenue_examples: Sequence[str] = ()
    expired: int = 0

    @property
    def recorded(self) -> int:
        """Return how many rows there are and were."""
        return self.rows + self.expired


@dataclass(slots=True)
class Segments:
    """A source's events in segments, as far as their rows are there, against its rollups.

    `claimed` are in segments by what the rollups say, `behind` are not; `examples` are `type
    bucket` of groups that differ.
    """

    events: int = 0
    claimed: int = 0
    behind: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, held: int, claimed: int, counted: int, place: str) -> None:
        """Take a group: what segments hold, what they should, and how many events there are."""
        self.events += held
        self.claimed += claimed
        self.behind += max(0, counted - claimed)
        if held != claimed or claimed > counted:
            self.examples.append(place)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message of the ledger with rejected events; `whole`: all of its events are."""

    sequence: int
    source: str
    events: int
    whole: bool


@dataclass(slots=True)
class DatabaseFacts:
    """One moment of the database.

    By sequence, `processed` marks the messages that it knows and `counts` has their events.
    """

    ledger: dict[str, Ledger]
    rows: dict[str, Rows]
    identities: int
    processed: bytearray
    counts: "array[int]"
    rejections: list[Rejection]
    segments: dict[str, Segments] = field(default_factory=dict)
