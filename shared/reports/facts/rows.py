"""The events of one source that a question is about, as rows of chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from shared.events.model import EVENT_TYPES, EventType
from shared.reports.facts.arrays import Array
from shared.reports.facts.catalog import Limits, microseconds
from shared.reports.facts.chunks import TIME, Chunk, join, take
from shared.reports.facts.memory import View
from shared.reports.facts.texts import Texts
from shared.reports.questions import Question
from shared.segments.hashing import text_hash


@dataclass(frozen=True, slots=True)
class _Part:
    """The selected rows of a chunk: all within a slice, or some."""

    chunk: Chunk
    places: slice | Array

    @property
    def size(self) -> int:
        if isinstance(self.places, slice):
            return len(range(self.places.start, self.places.stop))
        return self.places.size

    def column(self, name: str) -> Array:
        column = self.chunk.columns[name]
        return column[self.places] if isinstance(self.places, slice) else take(column, self.places)


class Rows:
    """Selected events of one source; each of their columns is put together when it is needed.

    They are in the order of time if there is one part only.
    """

    def __init__(self, source: str, parts: Sequence[_Part], view: View) -> None:
        self.source = source
        self.dictionaries = view.dictionaries
        self._parts = [part for part in parts if part.size]
        self._columns: dict[str, Array] = {}

    @property
    def size(self) -> int:
        """Return how many there are."""
        return sum(part.size for part in self._parts)

    @property
    def ordered(self) -> bool:
        """Say whether they are in the order of time."""
        return len(self._parts) <= 1

    def __getitem__(self, name: str) -> Array:
        """Return a column."""
        if name not in self._columns:
            self._columns[name] = join([part.column(name) for part in self._parts])
        return self._columns[name]

    def intervals(self, starts: Sequence[datetime]) -> Array:
        """Return in which of the intervals that begin so each of them is."""
        limits = [microseconds(start) for start in starts]
        numbers = np.arange(len(limits))
        found = []
        for part in self._parts:
            times = part.column(TIME)
            begins = np.searchsorted(times, limits)
            found.append(np.repeat(numbers, np.diff(begins, append=times.size)))
        return np.concatenate(found)


def select(view: View, question: Question, *, paid: bool = False) -> list[Rows]:
    """Return the rows of each source that has any; `paid` are those with an amount alone."""
    limits = Limits.of(question.span)
    found = []
    for source, chunks in view.chunks.items():
        kinds = [kind for kind in question.types if kind.source == source]
        choice = _Choice(view, question, kinds, paid=paid)
        rows = Rows(source, [choice.part(chunk, limits) for chunk in chunks], view)
        if rows.size:
            found.append(rows)
    return found


class _Choice:
    """Which rows of one source are selected."""

    def __init__(
        self, view: View, question: Question, kinds: Sequence[EventType], *, paid: bool
    ) -> None:
        self._paid = paid
        texts = view.dictionaries.texts
        self._wanted: dict[str, Array] = {}
        if len(kinds) < sum(kind.source == kinds[0].source for kind in EVENT_TYPES):
            self._wanted["type_id"] = np.array([kind.id for kind in kinds])
        for name, chosen in (("country", question.countries), ("campaign", question.campaigns)):
            if chosen is not None:
                self._wanted[name] = _codes(texts[name], chosen)

    def part(self, chunk: Chunk, limits: Limits) -> _Part:
        span = chunk.span(limits)
        if not self._wanted and not self._paid:
            return _Part(chunk, span)
        chosen = chunk.columns["revenue"][span] >= 0 if self._paid else None
        for name, values in self._wanted.items():
            among = _among(chunk.columns[name][span], values)
            chosen = among if chosen is None else chosen & among
        assert chosen is not None  # noqa: S101 - for the type checker
        return _Part(chunk, np.flatnonzero(chosen) + span.start)


def _codes(texts: Texts, chosen: frozenset[str]) -> Array:
    hashes = np.fromiter(map(text_hash, chosen), np.uint64, len(chosen))
    codes = texts.codes.find(hashes)
    return codes[codes > 0]


def _among(column: Array, values: Array) -> Array:
    if values.size == 1:
        found: Array = column == values[0]
        return found
    if not values.size:
        return np.zeros(column.size, np.bool_)
    most = max(int(column.max(initial=0)), int(values.max()))
    table = np.zeros(most + 1, np.bool_)
    table[values] = True
    return table[column]
