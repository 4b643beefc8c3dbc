"""Groups of events: how many, with which amounts, and which of them are on a page."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np

from shared.reports.facts.arrays import Array, run_starts, smallest
from shared.reports.facts.chunks import constant, is_constant, take
from shared.reports.facts.dimensions import Dimension
from shared.reports.facts.rows import Rows
from shared.reports.facts.sums import LOW_BITS, grouped_sums
from shared.reports.questions import Key, Page, Tally

_DENSE: Final = 1 << 23
"""Possible groups up to which there is an array element for each, whether it has events or not."""


class Grouping:
    """Numbers groups: a key is one number made of the codes of all dimensions."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = dimensions
        self.size = 1
        for each in dimensions:
            self.size *= each.size

    @property
    def dense(self) -> bool:
        """Say whether keys are few enough to index an array."""
        return self.size <= _DENSE

    def keys(self, rows: Rows) -> Array:
        """Return each row's key."""
        keys: Array | None = None
        for each in self.dimensions:
            codes = each.codes(rows)
            keys = codes if keys is None else keys * np.int64(each.size) + codes
        return constant(0, "u1", rows.size) if keys is None else keys

    def codes(self, keys: Array) -> list[Array]:
        """Return the codes of each dimension that keys are made of."""
        found = []
        for each in reversed(self.dimensions):
            keys, codes = np.divmod(keys, each.size)
            found.append(codes)
        return found[::-1]


class Groups:
    """The groups that have events: their keys, ascending, and what is counted of each."""

    def __init__(self, grouping: Grouping, found: Sequence[Rows], *, amounts: bool) -> None:
        self.grouping = grouping
        self._keys_of = [(rows, grouping.keys(rows)) for rows in found]
        if grouping.dense:
            counts = np.zeros(grouping.size, np.int64)
            for _, keys in self._keys_of:
                if is_constant(keys):
                    counts[keys[0]] += keys.size
                else:
                    counts += np.bincount(keys, minlength=grouping.size)
            self.keys = np.flatnonzero(counts)
            self.events = counts[self.keys]
        else:
            self.keys, self.events = _counted([keys for _, keys in self._keys_of])
        zeros = np.zeros(self.keys.size, np.int64)
        self.transactions, self.high, self.low = zeros, zeros, zeros
        if amounts:
            self._add_amounts()

    def _add_amounts(self) -> None:
        paid = [(rows["revenue"], keys) for rows, keys in self._keys_of]
        places = [np.flatnonzero(amounts >= 0) for amounts, _ in paid]
        keys = _joined([keys[at] for (_, keys), at in zip(paid, places, strict=True)])
        amounts = _joined([amounts[at] for (amounts, _), at in zip(paid, places, strict=True)])
        groups = np.searchsorted(self.keys, keys)
        self.transactions = np.bincount(groups, minlength=self.keys.size)
        self.high, self.low = grouped_sums(groups, amounts, self.keys.size)

    def positions(self, chosen: Array) -> list[tuple[Rows, Array]]:
        """Return for each source's rows which of the chosen groups they are in; -1: in none."""
        if self.grouping.dense:
            table = np.full(self.grouping.size, -1, np.int32)
            table[self.keys[chosen]] = np.arange(chosen.size, dtype=np.int32)
            return [(rows, take(table, keys)) for rows, keys in self._keys_of]
        order = np.argsort(self.keys[chosen])
        known = self.keys[chosen][order]
        return [(rows, _places(known, order, keys)) for rows, keys in self._keys_of]

    def page(self, page: Page) -> tuple[Array, bool]:
        """Return which groups are on a page, in its order, and whether there are any after it."""
        candidates = np.arange(self.keys.size)
        if page.after is not None:
            candidates = candidates[self._after(page, page.after)]
        picked = smallest(page.limit, candidates, self._order(page))
        return picked, candidates.size > page.limit

    def _order(self, page: Page) -> list[Callable[[Array], Array]]:
        def by_dimension(number: int) -> Callable[[Array], Array]:
            each = self.grouping.dimensions[number]
            return lambda groups: each.ranks(self._codes[number][groups], None)[0]

        sizes = [self.events] if page.by == "events" else [self.high, self.low]
        by_size: list[Callable[[Array], Array]] = [
            lambda groups, size=size: -size[groups]  # type: ignore[misc]  # one for each size
            for size in sizes
        ]
        return by_size + [by_dimension(at) for at in range(len(self.grouping.dimensions))]

    def _after(self, page: Page, last: Tally) -> Array:
        """Return which groups come after another one, which may not be among them."""
        sizes, limits = [self.events], [last.events]
        if page.by == "revenue":
            amount = int(last.revenue.scaleb(4))
            sizes, limits = (
                [self.high, self.low],
                [amount >> LOW_BITS, amount & (1 << LOW_BITS) - 1],
            )
        after = np.zeros(self.keys.size, np.bool_)
        equal = ~after
        for size, limit in zip(sizes, limits, strict=True):
            after |= equal & (size < limit)
            equal &= size == limit
        ties = np.flatnonzero(equal)
        later = np.zeros(ties.size, np.bool_)
        same = ~later
        for each, codes, text in zip(self.grouping.dimensions, self._codes, last.key, strict=True):
            ranks, rank = each.ranks(codes[ties], text)
            later |= same & (ranks > rank)
            same &= ranks == rank
        after[ties[later]] = True
        return after

    @cached_property
    def _codes(self) -> list[Array]:
        return self.grouping.codes(self.keys)

    def names(self, chosen: Array) -> list[Key]:
        """Return the values of groups' dimensions."""
        columns = [
            list(map(each.text, codes[chosen].tolist()))
            for each, codes in zip(self.grouping.dimensions, self._codes, strict=True)
        ]
        return list(zip(*columns, strict=True)) if columns else [() for _ in chosen]

    def tallies(self, chosen: Array) -> list[Tally]:
        """Return what is counted of groups."""
        figures = (self.events, self.transactions, self.high, self.low)
        return [
            Tally(key, events, transactions, amount(high, low))
            for key, events, transactions, high, low in zip(
                self.names(chosen), *(figure[chosen].tolist() for figure in figures), strict=True
            )
        ]


def amount(high: int, low: int) -> Decimal:
    """Return a sum of grouped_sums(), which is in ten-thousandths, as a decimal."""
    return Decimal((high << LOW_BITS) + low).scaleb(-4)


def _counted(keys: Sequence[Array]) -> tuple[Array, Array]:
    ascending = np.sort(_joined(keys))
    if not ascending.size:
        return ascending, ascending
    starts = run_starts(ascending)
    return ascending[starts], np.diff(starts, append=ascending.size)


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


def _places(known: Array, numbers: Array, keys: Array) -> Array:
    if not known.size:
        return np.full(keys.size, -1, np.int32)
    at = np.minimum(np.searchsorted(known, keys), known.size - 1)
    return np.where(known[at] == keys, numbers[at], -1).astype(np.int32)
