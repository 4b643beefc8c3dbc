"""Running totals of a chunk's events, by type: with users, with amounts, in any range."""

from typing import Final, NamedTuple

import numpy as np

from shared.events.model import EVENT_TYPES
from shared.reports.facts.arrays import Array
from shared.reports.facts.chunks import Chunk
from shared.reports.facts.classes import FIRST_TYPES, TYPE_BITS
from shared.reports.facts.columns import PERSON
from shared.reports.facts.sums import LOW_BITS

_BLOCK: Final = 1 << 13
_LOW: Final = (1 << LOW_BITS) - 1


class Totals(NamedTuple):
    """By type: events, those whose user is known, those with an amount, and the sum of amounts.

    The sum is as shared.reports.facts.sums has it: `high * 2**26 + low`.
    """

    events: Array
    known: Array
    transactions: Array
    high: Array
    low: Array


class Running:
    """A chunk's totals up to each block's beginning; the rest of a block is counted when asked."""

    def __init__(self, source: str, chunk: Chunk) -> None:
        self._first = np.uint8(FIRST_TYPES[source])
        self._types = chunk.columns["type_id"]
        self._persons = chunk.columns[PERSON]
        self._amounts = chunk.columns["revenue"]
        self._earning = np.array(
            [kind.has_revenue for kind in EVENT_TYPES if kind.source == source]
        )
        blocks = [
            np.stack(self._count(slice(begin, begin + _BLOCK)))
            for begin in range(0, chunk.rows, _BLOCK)
        ]
        before = np.zeros((1, len(Totals._fields), TYPE_BITS), np.int64)
        self._before = np.concatenate([before, *[each[np.newaxis] for each in blocks]]).cumsum(
            axis=0
        )

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes beside the chunk."""
        return self._before.nbytes

    def within(self, rows: slice) -> Totals:
        """Return the totals of some rows, one after the other."""
        return Totals(*(self._up_to(rows.stop) - self._up_to(rows.start)))

    def _up_to(self, row: int) -> Array:
        block = row // _BLOCK
        totals: Array = self._before[block] + np.stack(self._count(slice(block * _BLOCK, row)))
        return totals

    def _count(self, rows: slice) -> Totals:
        types, amounts = self._types[rows] - self._first, self._amounts[rows]
        paid = np.flatnonzero(self._earning[types] & (amounts >= 0))
        earners, paid_amounts = types[paid], amounts[paid]
        known = np.compress(self._persons[rows] > 0, types)
        return Totals(
            np.bincount(types, minlength=TYPE_BITS),
            np.bincount(known, minlength=TYPE_BITS),
            np.bincount(earners, minlength=TYPE_BITS),
            # bincount() adds doubles, of which these are exact.
            np.bincount(earners, paid_amounts >> LOW_BITS, TYPE_BITS).astype(np.int64),
            np.bincount(earners, paid_amounts & _LOW, TYPE_BITS).astype(np.int64),
        )
