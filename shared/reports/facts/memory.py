"""The segments that are in memory, within a bound, as each snapshot of the database has them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain

from shared.errors import Problem
from shared.reports.facts.catalog import EVER, Catalog, Entry, Limits, read_catalog
from shared.reports.facts.chunks import TIME, Chunk, levelled
from shared.reports.facts.columns import Dictionaries, width
from shared.reports.facts.indexes import Indexes
from shared.reports.facts.loading import add_columns, in_thread, load_chunk
from shared.reports.facts.visits import Index
from shared.reports.windows import Span
from shared.store.pool import Connection

_STEP_EVENTS = 1 << 23
"""Events that are loaded at once; a request that is given up leaves what it has loaded."""

_LITTLE = 4
"""What a source has more is loaded along with the rest if it is this part of what is held."""

Columns = Mapping[str, frozenset[str]]
"""The columns that a question needs, by source; of a source that is not there, none."""


@dataclass(frozen=True, slots=True)
class View:
    """What one snapshot shows: chunks by source, and what their codes stand for.

    There may be more in them than was asked: events of other times, and other columns.
    """

    chunks: Mapping[str, tuple[Chunk, ...]]
    dictionaries: Dictionaries
    indexes: Mapping[str, Index] | None = None
    """Of the same chunks, if they were asked for and there is room for them."""


class Memory:
    """Holds segments of at most `limit` bytes, as arrays.

    What is held is what the snapshot shows that was asked last, be it an older one. A question
    goes on with its own list of chunks, none of which ever changes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = asyncio.Lock()
        self._catalog = Catalog()
        self._chunks: dict[str, tuple[Chunk, ...]] = {}
        self._dictionaries = Dictionaries()
        self._indexes = Indexes()

    @property
    def nbytes(self) -> int:
        """Return how many bytes are held."""
        held = sum(chunk.nbytes for chunk in chain(*self._chunks.values()))
        return held + self._dictionaries.nbytes + self._indexes.nbytes

    async def view(
        self, connection: Connection, span: Span, columns: Columns, *, indexed: bool = False
    ) -> View:
        """Return all events of a span, as the connection's snapshot shows them.

        What is `indexed` has all columns that this takes. Raises Problem selection_too_large if
        columns would take more than the limit.
        """
        limits = Limits.of(span)
        async with self._lock:
            catalog = await read_catalog(connection, self._catalog)
            await self._renew(catalog)
            self._make_room(limits, columns)
            for source, names in columns.items():
                await self._complete(connection, source, names)
                await self._extend(connection, source, names, limits)
            self._indexes.follow(self._chunks)
            if self.nbytes > self._limit:
                self._indexes.clear()
            if self.nbytes > self._limit:
                self._forget()
                raise self._too_large(catalog.within(limits, columns))
            chunks = {source: self._of(source) for source in columns}
            indexes = None
            if indexed:
                room = self._limit - self.nbytes
                indexes = await in_thread(lambda: self._indexes.of(chunks, room))
            return View(chunks, self._dictionaries, indexes)

    async def _renew(self, catalog: Catalog) -> None:
        """Forget the segments that a snapshot does not show."""
        gone = self._catalog.entries.keys() - catalog.entries.keys()
        for source, chunks in tuple(self._chunks.items()) if gone else ():
            kept = [await _without(chunk, gone) for chunk in chunks]
            self._chunks[source] = await _levelled(kept)
        self._catalog = catalog

    def _make_room(self, limits: Limits, columns: Columns) -> None:
        """Forget as much as needed for what is to be loaded. Raises Problem selection_too_large."""
        missing = self._missing(limits, columns)
        if self.nbytes + missing <= self._limit:
            return
        self._indexes.clear()
        if self.nbytes + missing <= self._limit:
            return
        wanted = self._catalog.within(limits, columns)
        if _cost(wanted, columns) > self._limit:
            raise self._too_large(wanted)
        self._trim(limits, columns)
        if self.nbytes + self._missing(limits, columns) > self._limit:
            self._forget()

    def _trim(self, limits: Limits, columns: Columns) -> None:
        """Forget the columns that are not needed, and chunks of other times."""
        self._dictionaries = self._dictionaries.only(columns)
        self._chunks = {
            source: tuple(
                chunk.only(columns[source])
                for chunk in chunks
                if chunk.span(limits).start < chunk.span(limits).stop
            )
            for source, chunks in self._chunks.items()
            if source in columns
        }

    def _missing(self, limits: Limits, columns: Columns) -> int:
        """Return how many bytes are to be loaded for what is wanted."""
        more = 0
        for source, names in columns.items():
            whole = {source: self._held_columns(source) | names}
            more += _cost(self._new(source, limits), whole)
            for chunk in self._of(source):
                lacking = names - chunk.columns.keys()
                more += chunk.rows * sum(width(source, name) for name in lacking)
        return more

    async def _complete(self, connection: Connection, source: str, names: frozenset[str]) -> None:
        """Load the columns that chunks lack."""
        for index, chunk in enumerate(self._of(source)):
            lacking = names - chunk.columns.keys()
            if lacking:
                more = await add_columns(connection, source, chunk, lacking, self._dictionaries)
                chunks = list(self._chunks[source])
                chunks[index] = more
                self._chunks[source] = tuple(chunks)

    async def _extend(
        self, connection: Connection, source: str, names: frozenset[str], limits: Limits
    ) -> None:
        """Load the segments that are not in memory."""
        names |= self._held_columns(source)
        new = self._new(source, limits)
        for step in _steps(self._with_rest(source, names, new) if new else new):
            chunk = await load_chunk(
                connection, source, [(e.id, e.events) for e in step], names, self._dictionaries
            )
            self._chunks[source] = await _levelled((*self._of(source), chunk))

    def _new(self, source: str, limits: Limits) -> list[Entry]:
        """Return the segments of a range that are not in memory."""
        held = {key for chunk in self._of(source) for key in chunk.ids}
        return self._catalog.within(limits, [source], held)

    def _with_rest(self, source: str, names: frozenset[str], new: list[Entry]) -> list[Entry]:
        """Return what is to be loaded, and what else the source has if that is little and fits.

        Ranges of any limits would else load a little at each other question.
        """
        every = self._new(source, Limits(-EVER, EVER))
        rest = sum(entry.events for entry in every) - sum(entry.events for entry in new)
        held = sum(chunk.rows for chunk in self._of(source))
        fits = self.nbytes + _cost(every, {source: names}) <= self._limit
        return every if fits and rest * _LITTLE <= held else new

    def _of(self, source: str) -> tuple[Chunk, ...]:
        return self._chunks.get(source, ())

    def _held_columns(self, source: str) -> frozenset[str]:
        return frozenset(chain(*(chunk.columns for chunk in self._of(source)))) - {TIME}

    def _forget(self) -> None:
        self._chunks = {}
        self._dictionaries = Dictionaries()
        self._indexes.clear()

    def _too_large(self, wanted: Sequence[Entry]) -> Problem:
        events = sum(entry.events for entry in wanted)
        return Problem(
            "selection_too_large",
            f"The report would need more than the {self._limit:,} bytes of memory that it has for "
            f"the {events:,} events between `from` and `to`: narrow that range.",
            events=events,
            limit=self._limit,
        )


async def _without(chunk: Chunk, gone: AbstractSet[int]) -> Chunk:
    if gone.isdisjoint(chunk.ids):
        return chunk
    return await in_thread(lambda: chunk.without(gone))


async def _levelled(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    return await in_thread(lambda: levelled(chunks))


def _cost(entries: Iterable[Entry], columns: Columns) -> int:
    """Return how many bytes segments take at most, unless their texts are long."""
    widths = {
        source: sum(width(source, name) for name in {TIME, *names})
        for source, names in columns.items()
    }
    return sum(entry.events * widths[entry.source] for entry in entries)


def _steps(entries: Sequence[Entry]) -> Iterable[list[Entry]]:
    step: list[Entry] = []
    events = 0
    for entry in entries:
        step.append(entry)
        events += entry.events
        if events >= _STEP_EVENTS:
            yield step
            step, events = [], 0
    if step:
        yield step
