"""Distinct users of any range without looking at its events: an index of one source's chunks.

Users are counted by class: of each type, of each stage, and of all. Chunks lie across each other in
time, so that a user's event in one may come between two in another: what that changes about pairs
is kept with the smaller chunk, and is nothing while its users are new.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from shared.events.model import SOURCES
from shared.reports.facts.arrays import Array
from shared.reports.facts.catalog import Limits
from shared.reports.facts.chunks import TIME, Chunk
from shared.reports.facts.classes import CLASSES, FIRST_TYPES, STAGES, TYPE_BITS
from shared.reports.facts.columns import PERSON
from shared.reports.facts.repeats import Pairs, previous
from shared.reports.facts.running import Running, Totals

INDEXED: Final = frozenset({"type_id", PERSON, "revenue"})
"""The columns that an index is made of, beside the time."""

_KIND_BITS: Final = 3


class _Kind(NamedTuple):
    """A way to tell events apart: the class of each type, of so many."""

    classes: int
    table: Array


def _members(source: str) -> Array:
    first = FIRST_TYPES[source]
    types = range(first, first + TYPE_BITS)
    return np.array([[kind in each for kind in types] for each in CLASSES[source]], np.int64)


_MEMBERS: Final[Mapping[str, Array]] = {source: _members(source) for source in SOURCES}
"""Of each of CLASSES, and each type, whether the type is of the class."""

_KINDS: Final[Mapping[str, tuple[_Kind, ...]]] = {
    source: tuple(
        _Kind(len(rows), rows.argmax(axis=0).astype(np.uint8))
        for rows in np.split(members, [TYPE_BITS, TYPE_BITS + len(STAGES)])
    )
    for source, members in _MEMBERS.items()
}
"""Each type is of one class of each kind; classes come by kind."""


class _Own:
    """What is known of a chunk by itself; pairs are of its rows."""

    def __init__(self, source: str, chunk: Chunk) -> None:
        self.key = object()
        self.chunk = chunk
        self.running = Running(source, chunk)
        person = chunk.columns[PERSON]
        self.most = int(person.max(initial=0))
        self.least = int(person.min(initial=self.most, where=person > 0))
        rows = _repeated(person)
        events = _Events.of(source, chunk, rows)
        self.pairs = [
            Pairs(rows[later].astype(np.int32), rows[earlier].astype(np.int32))
            for kind in _KINDS[source]
            for later, earlier in events.by_class(kind, events.previous(kind))
        ]

    @property
    def place(self) -> int:
        """What tells the chunk from others, whichever columns they have."""
        return id(self.chunk.order)

    @property
    def nbytes(self) -> int:
        return self.running.nbytes + sum(pairs.nbytes for pairs in self.pairs)


class _Crossing(NamedTuple):
    """Which pairs, of times, there are more and fewer of for what is in larger chunks."""

    more: Sequence[Pairs] = ()
    fewer: Sequence[Pairs] = ()

    @property
    def nbytes(self) -> int:
        return sum(pairs.nbytes for pairs in (*self.more, *self.fewer))


class _Part(NamedTuple):
    """A chunk and what it changes about larger ones, which are known by their `key`."""

    own: _Own
    larger: tuple[object, ...]
    crossing: _Crossing


class Index:
    """An index of some chunks, the largest first; nothing of it ever changes."""

    def __init__(self, source: str, parts: Sequence[_Part] = ()) -> None:
        self._source = source
        self._parts = parts

    @cached_property
    def nbytes(self) -> int:
        """Return how many bytes this takes beside the chunks."""
        return sum(part.own.nbytes + part.crossing.nbytes for part in self._parts)

    def of(self, chunks: Sequence[Chunk]) -> "Index":
        """Return the index of chunks, which have all columns that are INDEXED.

        What is known already of some of them is taken over.
        """
        known = {part.own.place: part for part in self._parts}
        parts: list[_Part] = []
        for chunk in chunks:
            part = known.get(id(chunk.order))
            larger = tuple(each.own.key for each in parts)
            if part is None or part.larger != larger:
                own = _Own(self._source, chunk) if part is None else part.own
                crossing = _crossing(self._source, [each.own for each in parts], own)
                part = _Part(own, larger, crossing)
            parts.append(part)
        return Index(self._source, parts)

    def only(self, chunks: Sequence[Chunk]) -> "Index":
        """Return the index without what is known of others than some chunks."""
        held = {id(chunk.order) for chunk in chunks}
        if all(part.own.place in held for part in self._parts):
            return self
        return Index(self._source, [part for part in self._parts if part.own.place in held])

    def within(self, limits: Limits) -> tuple[Totals, Array]:
        """Return the totals of a range, and its distinct users by CLASSES."""
        totals = np.zeros((len(Totals._fields), TYPE_BITS), np.int64)
        repeats = np.zeros(len(CLASSES[self._source]), np.int64)
        for own, _, crossing in self._parts:
            rows = own.chunk.span(limits)
            if rows.start < rows.stop:
                totals += np.stack(own.running.within(rows))
                repeats += [pairs.within(rows.start, rows.stop) for pairs in own.pairs]
            if crossing.more:
                repeats += [pairs.within(*limits) for pairs in crossing.more]
                repeats -= [pairs.within(*limits) for pairs in crossing.fewer]
        found = Totals(*totals)
        return found, _MEMBERS[self._source] @ found.known - repeats


class _Events(NamedTuple):
    """Users' events in the order of time."""

    persons: Array
    types: Array

    @classmethod
    def of(cls, source: str, chunk: Chunk, rows: Array) -> "_Events":
        types = chunk.columns["type_id"][rows] - np.uint8(FIRST_TYPES[source])
        return cls(chunk.columns[PERSON][rows], types)

    def previous(self, kind: _Kind, apart: Array | None = None) -> Array:
        """Return each event's last one before of the same user and class; -1 for none.

        Those that are `apart` are looked at by themselves.
        """
        keys = self.persons.astype(np.int64) << _KIND_BITS | kind.table[self.types]
        if apart is not None:
            keys = keys << 1 | apart
        return previous(keys, int(keys.max(initial=0)).bit_length())

    def by_class(
        self, kind: _Kind, before: Array, rows: Array | None = None
    ) -> Iterator[tuple[Array, Array]]:
        """Yield for each class the events, of some, that have one before, and that one."""
        later = np.flatnonzero(before >= 0) if rows is None else rows[before[rows] >= 0]
        classes = kind.table[self.types[later]]
        for number in range(kind.classes):
            chosen = later[classes == number]
            yield chosen, before[chosen]


def _repeated(persons: Array) -> Array:
    """Return where the events are of those who have several."""
    counts = np.bincount(persons)
    counts[0] = 0
    return np.flatnonzero((counts > 1)[persons])


def _crossing(source: str, larger: Sequence[_Own], own: _Own) -> _Crossing:
    """Return what a chunk changes about pairs that larger ones have, and these about its own."""
    most = max((each.most for each in larger), default=0)
    if own.least > most or not own.most:
        return _Crossing()
    chunks = [each.chunk for each in (*larger, own)]
    found = _shared([chunk.columns[PERSON] for chunk in chunks], max(most, own.most))
    if not found[-1].size:
        return _Crossing()
    times = np.concatenate([c.columns[TIME][rows] for c, rows in zip(chunks, found, strict=True)])
    order = np.argsort(times, kind="stable")
    times = times[order]
    parts = [_Events.of(source, c, rows) for c, rows in zip(chunks, found, strict=True)]
    events = _Events(*(np.concatenate(columns)[order] for columns in zip(*parts, strict=True)))
    apart = order >= order.size - found[-1].size
    more: list[Pairs] = []
    fewer: list[Pairs] = []
    for kind in _KINDS[source]:
        together, before = events.previous(kind), events.previous(kind, apart)
        changed = np.flatnonzero(together != before)
        for pairs, last in ((more, together), (fewer, before)):
            for later, earlier in events.by_class(kind, last, changed):
                pairs.append(Pairs(times[later], times[earlier]))
    return _Crossing(more, fewer)


def _shared(persons: Sequence[Array], most: int) -> list[Array]:
    """Return where in each array those are who are in the last one and in another, too."""
    wanted = np.zeros(most + 1, np.bool_)
    wanted[persons[-1]] = True
    wanted[0] = False
    found = [np.flatnonzero(wanted[each]) for each in persons[:-1]]
    both = np.zeros(most + 1, np.bool_)
    for each, rows in zip(persons, found, strict=False):
        both[each[rows]] = True
    return [*found, np.flatnonzero(both[persons[-1]])]
