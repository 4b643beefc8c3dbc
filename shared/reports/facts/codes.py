"""Numbers what segments know by 64-bit hashes, so that a scan may index arrays with it."""

from typing import NamedTuple

import numpy as np

from shared.reports.facts.arrays import Array, merge_sorted, run_starts, stable_order

_GROWTH = 2
"""A level is at least so many times the size of the next one."""


class _Level(NamedTuple):
    hashes: Array  # uint64, ascending
    codes: Array  # int32, of these hashes


class Codes:
    """Gives hashes the codes 1, 2, 3 … in the order in which they first come; 0 keeps 0.

    A code is for ever. What is new comes in a small level of its own, and levels are merged while
    they are of like size: to add a few to millions costs little. Any thread may look up while
    one thread assigns.
    """

    def __init__(self) -> None:
        self._levels: tuple[_Level, ...] = ()
        self.count = 0

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes."""
        return sum(level.hashes.nbytes + level.codes.nbytes for level in self._levels)

    def assign(self, hashes: Array) -> tuple[Array, Array]:
        """Return the codes of hashes, and of each whether a new code begins at it."""
        if not hashes.size:
            return np.zeros(0, np.int32), np.zeros(0, np.bool_)
        order = stable_order(hashes)
        ascending = hashes[order]
        if ascending[0] and (ascending[1:] != ascending[:-1]).all():
            codes = self.find(ascending) if self._levels else None
            if codes is None or not codes.any():
                return self._assign_all(ascending, order)
        starts = run_starts(ascending)
        different, firsts = ascending[starts], order[starts]
        codes = self.find(different)
        new = np.flatnonzero((codes == 0) & (different != 0))
        begins = np.zeros(hashes.size, np.bool_)
        begins[firsts[new]] = True
        codes[new] = (np.cumsum(begins, dtype=np.int32) + np.int32(self.count))[firsts[new]]
        assigned = np.empty(hashes.size, np.int32)
        assigned[order] = np.repeat(codes, np.diff(starts, append=hashes.size))
        if new.size:
            self._add(_Level(different[new], codes[new]))
        return assigned, begins

    def _assign_all(self, ascending: Array, order: Array) -> tuple[Array, Array]:
        """Assign to hashes that all are new and different, which most often they are."""
        first = self.count + 1
        codes = order.astype(np.int32)
        codes += np.int32(first)
        self._add(_Level(ascending, codes))
        assigned = np.arange(first, first + order.size, dtype=np.int32)
        return assigned, np.ones(order.size, np.bool_)

    def find(self, hashes: Array) -> Array:
        """Return the codes of hashes, 0 for those that have none."""
        codes = np.zeros(hashes.size, np.int32)
        for level in self._levels:
            at = np.searchsorted(level.hashes, hashes)
            np.minimum(at, level.hashes.size - 1, out=at)
            known = level.hashes[at] == hashes
            codes[known] = level.codes[at[known]]
        return codes

    def hashes(self) -> Array:
        """Return the hashes by their codes; that of code 0 is 0."""
        levels = self._levels
        hashes = np.zeros(1 + sum(level.codes.size for level in levels), np.uint64)
        for level in levels:
            hashes[level.codes] = level.hashes
        return hashes

    def _add(self, level: _Level) -> None:
        self.count += level.codes.size
        levels = list(self._levels)
        while levels and levels[-1].hashes.size < _GROWTH * level.hashes.size:
            larger = levels.pop()
            level = _Level(*merge_sorted(larger.hashes, level.hashes, larger.codes, level.codes))
        self._levels = (*levels, level)
