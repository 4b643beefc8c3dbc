"""How often users come again within any range: what distinct users are fewer than events by.

An event whose user has an earlier one within the range adds no user. So users are events less the
pairs, of an event and the latest earlier one of its user, that lie within the range as a whole.
"""

from typing import Final

import numpy as np

from shared.reports.facts.arrays import Array

_BLOCK: Final = 1 << 14
_HALVINGS: Final = _BLOCK.bit_length()
_WORD: Final = 64


def previous(keys: Array, bits: int) -> Array:
    """Return at which place each key, of so many bits, was last before; -1 where it was not."""
    found = np.full(keys.size, -1, np.int32)
    width = keys.size.bit_length()
    if bits + width <= _WORD:
        # As one number with its place, for numbers are sorted faster than indexes by them.
        numbers = keys.astype(np.uint64) << np.uint64(width)
        np.bitwise_or(numbers, np.arange(keys.size, dtype=np.uint64), out=numbers)
        numbers.sort()
        order = (numbers & np.uint64((1 << width) - 1)).astype(np.intp)
        np.right_shift(numbers, np.uint64(width), out=numbers)
    else:
        order = np.argsort(keys, kind="stable")
        numbers = keys[order]
    again = np.flatnonzero(numbers[1:] == numbers[:-1])
    found[order[again + 1]] = order[again]
    return found


class Pairs:
    """Pairs of an earlier and a later number, of which those within a range are counted.

    `later` ascends. Within whole blocks of it the earlier ones are sorted beforehand, so that a
    block takes a search in place of a scan.
    """

    def __init__(self, later: Array, earlier: Array) -> None:
        self._later = later
        self._earlier = earlier
        whole = later.size // _BLOCK
        self._sorted = np.sort(earlier[: whole * _BLOCK].reshape(whole, _BLOCK), axis=1)

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes."""
        return self._later.nbytes + self._earlier.nbytes + self._sorted.nbytes

    def within(self, first: int, end: int) -> int:
        """Count the pairs that are from `first` on and before `end`, both of them."""
        if not self._later.size:
            return 0
        low, high = np.searchsorted(self._later, [first, end]).tolist()
        # What is later than `first` and in the block before it has no earlier one to count.
        block, last = low // _BLOCK, high // _BLOCK
        if block >= last:
            return int(np.count_nonzero(self._earlier[low:high] >= first))
        rest = np.count_nonzero(self._earlier[last * _BLOCK : high] >= first)
        return int(rest) + _at_least(self._sorted[block:last], first)


def _at_least(rows: Array, limit: int) -> int:
    """Count the numbers from a limit on in rows that each ascend."""
    numbers = np.arange(rows.shape[0])
    below = np.zeros(rows.shape[0], np.intp)
    above = np.full(rows.shape[0], rows.shape[1], np.intp)
    for _ in range(_HALVINGS):
        middle = (below + above) >> 1
        inside = below < above
        less = inside & (rows[numbers, np.minimum(middle, rows.shape[1] - 1)] < limit)
        np.copyto(below, middle + 1, where=less)
        np.copyto(above, middle, where=inside & ~less)
    return int(rows.size - below.sum())
