"""Chunks: events of one source in the order of time, column by column."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from shared.reports.facts.arrays import Array
from shared.reports.facts.catalog import Limits

TIME = "occurred_at"
_GROWTH = 4
"""A chunk is at least so many times the size of the next one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some segments' events. Nothing of it ever changes.

    `ids` and `sizes` are the segments and how many events each has; `order` gives each row its
    place among these segments' events, one segment after the other.
    """

    ids: tuple[int, ...]
    sizes: Array
    order: Array
    columns: Mapping[str, Array]

    @property
    def rows(self) -> int:
        """Return how many events there are."""
        return self.order.size

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes."""
        return self.order.nbytes + sum(map(size_of, self.columns.values()))

    def span(self, limits: Limits) -> slice:
        """Return the rows within a range."""
        first, end = np.searchsorted(self.columns[TIME], [limits.first, limits.end])
        return slice(int(first), int(end))

    def adding(self, columns: Mapping[str, Array]) -> "Chunk":
        """Return the chunk with more columns, given in the order of its segments' events."""
        sorted_columns = {name: take(column, self.order) for name, column in columns.items()}
        return replace(self, columns={**self.columns, **sorted_columns})

    def only(self, names: Collection[str]) -> "Chunk":
        """Return the chunk with some of its columns, and the time."""
        kept = {
            name: column for name, column in self.columns.items() if name in names or name == TIME
        }
        return replace(self, columns=kept)

    def without(self, gone: Collection[int]) -> "Chunk":
        """Return the chunk without some of its segments."""
        stays = np.fromiter((key not in gone for key in self.ids), np.bool_, len(self.ids))
        kept = np.repeat(stays, self.sizes)
        places = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        rows = np.flatnonzero(kept[self.order])
        return Chunk(
            tuple(key for key in self.ids if key not in gone),
            self.sizes[stays],
            places[self.order[rows]],
            {name: take(column, rows) for name, column in self.columns.items()},
        )


def new_chunk(ids: Sequence[int], sizes: Array, columns: Mapping[str, Array]) -> Chunk:
    """Return segments as a chunk; their events' columns stand one segment after the other."""
    order = np.argsort(columns[TIME], kind="stable")
    return Chunk(
        tuple(ids),
        sizes,
        order.astype(np.int32),
        {name: take(column, order) for name, column in columns.items()},
    )


def levelled(chunks: Iterable[Chunk]) -> tuple[Chunk, ...]:
    """Return chunks, the largest first, with those merged that are of like size."""
    levels: list[Chunk] = []
    for chunk in sorted((each for each in chunks if each.rows), key=lambda each: -each.rows):
        levels.append(chunk)
        while len(levels) > 1 and levels[-2].rows < _GROWTH * levels[-1].rows:
            smaller, larger = levels.pop(), levels.pop()
            levels.append(_merged(larger, smaller))
    return tuple(levels)


def _merged(one: Chunk, other: Chunk) -> Chunk:
    """Merge two chunks; a column that either lacks is left out."""
    columns = {
        name: join([column, other.columns[name]])
        for name, column in one.columns.items()
        if name in other.columns
    }
    order = np.argsort(columns[TIME], kind="stable")
    places = np.concatenate([one.order, other.order + np.int32(one.rows)])
    return Chunk(
        one.ids + other.ids,
        np.concatenate([one.sizes, other.sizes]),
        places[order],
        {name: take(column, order) for name, column in columns.items()},
    )


def constant(value: float, dtype: str, size: int) -> Array:
    """Return a column of one value, which takes no room."""
    return np.broadcast_to(np.array(value, dtype), (size,))


def take(column: Array, places: Array) -> Array:
    """Return what stands at some places of a column."""
    if is_constant(places) and places.size:
        return np.broadcast_to(column[places[0]], places.shape)
    if is_constant(column):
        return np.broadcast_to(column[:1].reshape(()), places.shape) if column.size else column
    return column[places]


def join(columns: Sequence[Array]) -> Array:
    """Return columns one after the other."""
    if len(columns) == 1:
        return columns[0]
    if all(map(is_constant, columns)):
        return np.broadcast_to(columns[0][:1].reshape(()), (sum(each.size for each in columns),))
    return np.concatenate(columns)


def size_of(column: Array) -> int:
    """Return how many bytes a column takes."""
    return 0 if is_constant(column) else column.nbytes


def is_constant(column: Array) -> bool:
    """Say whether a column is of one value, and takes no room."""
    return column.strides == (0,)
