"""The ledger: what was sent and accepted, counted by the publisher's own knowledge.

It decodes nothing that hookstream made but the answers' rejections. An event counts once, however
often it was sent: its number in the run is its identity.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from infra.publisher.batch import Batch
from infra.publisher.kinds import INVALID, KINDS

_CENT: Final = Decimal("0.01")
_EXAMPLES: Final = 5


@dataclass(slots=True)
class Tally:
    """Events and cents for each code of KINDS."""

    events: list[int] = field(default_factory=lambda: [0] * len(KINDS))
    cents: list[int] = field(default_factory=lambda: [0] * len(KINDS))

    def add(self, code: int, cents: int | None) -> None:
        """Count one event."""
        self.events[code] += 1
        self.cents[code] += cents or 0

    @property
    def total(self) -> int:
        """All events."""
        return sum(self.events)

    def revenue(self, code: int) -> Decimal:
        """Revenue of a kind, exact to the cent."""
        return self.cents[code] * _CENT


@dataclass(slots=True)
class Disagreement:
    """Events on which the publisher and hookstream disagree; the first few are described."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


class Ledger:
    """Counts unique valid events: `sent`, `accepted`, and those whose outcome is unknown."""

    def __init__(self) -> None:
        self.sent = Tally()
        self.accepted = Tally()
        self.corrupt_sent = 0
        self.corrupt_refused = 0
        self.duplicates = 0
        self.wrongly_refused = Disagreement()
        self.wrongly_accepted = Disagreement()
        self._seen = bytearray()
        self._done = bytearray()
        self._open: dict[int, tuple[int, int | None]] = {}

    def send(self, batch: Batch) -> None:
        """Enter a batch before it is posted."""
        self.duplicates += batch.duplicates
        self.corrupt_sent += batch.kinds.count(INVALID)
        self._enter(self.sent, self._seen, batch, ())

    def settle(self, batch: Batch, refused: dict[int, str]) -> None:
        """Enter a batch's answer: `refused` maps the index of each refused event to its code."""
        for index, reason in refused.items():
            self._judge_refusal(batch, index, reason)
        if batch.kinds.count(INVALID) > 0:
            self._judge_acceptance(batch, refused)
        self._enter(self.accepted, self._done, batch, refused)
        if self._open:
            for number in batch.numbers:
                if self._done[number]:
                    self._open.pop(number, None)

    def lose(self, batch: Batch) -> None:
        """Enter a batch whose outcome nobody knows: some of its events may have been accepted."""
        self._reach(self._done, batch)
        for index, (number, kind) in enumerate(zip(batch.numbers, batch.kinds, strict=True)):
            if kind != INVALID and not self._done[number]:
                self._open[number] = (kind, batch.amounts.get(index))

    @property
    def unknown(self) -> Tally:
        """Unique valid events that may or may not have been accepted."""
        tally = Tally()
        for kind, cents in self._open.values():
            tally.add(kind, cents)
        return tally

    def _judge_refusal(self, batch: Batch, index: int, reason: str) -> None:
        if not 0 <= index < len(batch):
            self.wrongly_refused.add(f"index {index} is outside a request of {len(batch)} events")
        elif batch.kinds[index] == INVALID:
            self.corrupt_refused += 1
        else:
            kind = KINDS[batch.kinds[index]]
            self.wrongly_refused.add(f"{kind.source} {kind.type} at index {index}: {reason}")

    def _judge_acceptance(self, batch: Batch, refused: Collection[int]) -> None:
        for index, kind in enumerate(batch.kinds):
            if kind == INVALID and index not in refused:
                self.wrongly_accepted.add(f"corrupt event at index {index} of {len(batch)}")

    def _reach(self, marks: bytearray, batch: Batch) -> None:
        missing = max(batch.numbers, default=-1) + 1 - len(marks)
        if missing > 0:
            marks.extend(bytes(missing))

    def _enter(
        self, tally: Tally, marks: bytearray, batch: Batch, without: Collection[int]
    ) -> None:
        """Count each event of the batch that is valid, not refused and not marked yet."""
        self._reach(marks, batch)
        numbers = batch.numbers
        if (
            isinstance(numbers, range)
            and not without
            and not any(marks[numbers.start : numbers.stop])
        ):
            self._enter_all(tally, marks, batch, numbers)
            return
        for index, (number, kind) in enumerate(zip(numbers, batch.kinds, strict=True)):
            if kind != INVALID and index not in without and not marks[number]:
                marks[number] = 1
                tally.add(kind, batch.amounts.get(index))

    def _enter_all(self, tally: Tally, marks: bytearray, batch: Batch, numbers: range) -> None:
        marks[numbers.start : numbers.stop] = b"\1" * len(numbers)
        for code in set(batch.kinds) - {INVALID}:
            tally.events[code] += batch.kinds.count(code)
        for index, cents in batch.amounts.items():
            tally.cents[batch.kinds[index]] += cents
