"""Distinct users: how many there are, and what the latest event of each says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.events.model import EVENT_TYPES
from shared.reports.facts.arrays import Array, run_starts
from shared.reports.facts.chunks import TIME, is_constant
from shared.reports.facts.classes import FIRST_TYPES, TYPE_BITS
from shared.reports.facts.columns import PERSON
from shared.reports.facts.rows import Rows
from shared.reports.facts.tallying import Points

_SETS: Final = 1 << TYPE_BITS
_BLOCK: Final = 1 << 13
_SOON: Final = 1 << 14
_UINT32: Final = 1 << 32
_KIND_BITS: Final = 3
_KINDS: Final = (1 << _KIND_BITS) - 1


@dataclass(frozen=True, slots=True)
class Latest:
    """The rows that tell of each user: the latest one or, in `tied`, several of one moment.

    `alone` is how many users have one row that is the latest.
    """

    rows: Array | slice
    alone: int
    tied: Array
    persons: Array

    @property
    def users(self) -> int:
        """Return how many users there are."""
        return self.alone + np.unique(self.persons).size

    def values(self, column: Array, ranks: Callable[[Array], Array] | None = None) -> Array:
        """Return each user's value of a column.

        Of several of one moment it is the greatest, by the numbers that `ranks` gives them.
        """
        if not self.tied.size:
            return column[self.rows]
        found = column[self.tied]
        order = np.lexsort([found if ranks is None else ranks(found), self.persons])
        last = np.append(run_starts(self.persons[order])[1:], order.size) - 1
        return np.concatenate([column[self.rows], found[order[last]]])


def latest(rows: Rows, carrying: Array | None = None) -> Latest:
    """Return the latest event of each user; `carrying` says of each row whether to look at it.

    Erased persons are no users.
    """
    person = rows[PERSON]
    known = person > 0
    if carrying is not None:
        known &= carrying
    every = bool(known.all())
    some = person if every else np.compress(known, person)
    if _all_different(some):
        nobody = np.zeros(0, np.intp)
        return Latest(slice(None) if every else np.flatnonzero(known), some.size, nobody, nobody)
    places = np.flatnonzero(known)
    if not rows.ordered:
        places = places[np.argsort(rows[TIME][places], kind="stable")]
    if places.size < person.size or not rows.ordered:
        person = person[places]
    last = np.full(int(person.max(initial=0)) + 1, -1, np.int32)
    # Where an index comes again, the last assignment stays. NumPy is twice as fast with its own
    # type of index.
    last[person.astype(np.intp)] = np.arange(person.size, dtype=np.int32)
    chosen = np.zeros(person.size, np.bool_)
    chosen[np.compress(last >= 0, last)] = True
    others = np.flatnonzero(~chosen)
    others = others[_same_time(rows, places, others, last[person[others]])]
    if not others.size:
        found = np.compress(chosen, places)
        return Latest(found, found.size, others, others)
    contested = np.zeros(last.size, np.bool_)
    contested[person[others]] = True
    tied = np.flatnonzero(chosen & contested[person])
    chosen[tied] = False
    tied = np.concatenate([tied, others])
    found = np.compress(chosen, places)
    return Latest(found, found.size, places[tied], person[tied])


def _all_different(persons: Array) -> bool:
    """Say whether no number comes twice, at once if one does so soon."""
    for part in (persons[:_SOON], persons):
        seen = np.zeros(int(part.max(initial=0)) + 1, np.bool_)
        seen[part.astype(np.intp)] = True
        if np.count_nonzero(seen) < part.size:
            return False
    return True


def _same_time(rows: Rows, places: Array, some: Array, others: Array) -> Array:
    """Say at which of two lists of indexes into `places` the times are the same."""
    if not some.size:
        return np.zeros(0, np.bool_)
    times = rows[TIME]
    same: Array = times[places[some]] == times[places[others]]
    return same


def users_by_types(part: Points, size: int) -> Array:
    """Count the users of each point, of `size`, by what they did there.

    Returns an array of points by users with events of each of the source's types, of the top
    stage, of the bottom stage, of both, and of any.
    """
    features = _features(part.rows.source)
    figures = np.zeros((size, features.shape[1]), np.int64)
    person = part[PERSON]
    known: Array | slice = slice(None) if person.all() else np.flatnonzero(person)
    person, numbers = person[known], part.numbers[known]
    if not person.size:
        return figures
    kinds = part["type_id"][known] - np.uint8(FIRST_TYPES[part.rows.source])
    if is_constant(numbers) or (numbers == numbers[0]).all():
        _, sets = _type_sets(person, kinds)
        figures[numbers[0]] = np.bincount(sets, minlength=_SETS) @ features
        return figures
    most = int(person.max()) + 1
    pairs, sets = _type_sets(numbers.astype(np.int64) * most + person, kinds)
    at = pairs.astype(np.int64) // most
    for begin in range(0, size, _BLOCK):
        end = min(begin + _BLOCK, size)
        low, high = np.searchsorted(at, [begin, end])
        places = sets[low:high] + (at[low:high] - begin) * _SETS
        users = np.bincount(places, minlength=(end - begin) * _SETS)
        figures[begin:end] = users.reshape(-1, _SETS) @ features
    return figures


def _type_sets(numbers: Array, kinds: Array) -> tuple[Array, Array]:
    """Return the different numbers, and with which types, as a set of bits, each comes."""
    # As one number, for sorting to bring together what belongs together; small ones sort faster.
    small = int(numbers.max()) < _UINT32 >> _KIND_BITS
    entries: Array = numbers.astype(np.uint32 if small else np.uint64)
    np.left_shift(entries, _KIND_BITS, out=entries)
    np.bitwise_or(entries, kinds, out=entries)
    entries.sort()
    bits = np.left_shift(np.uint8(1), entries.astype(np.uint8) & np.uint8(_KINDS))
    np.right_shift(entries, _KIND_BITS, out=entries)
    starts = run_starts(entries)
    if starts.size == entries.size:
        return entries, bits
    return entries[starts], np.bitwise_or.reduceat(bits, starts)


def _features(source: str) -> Array:
    """Return of each set of types if it has each type, top, bottom, both and any, in columns."""
    kinds = [kind for kind in EVENT_TYPES if kind.source == source]
    sets = np.arange(_SETS)
    top, bottom = (
        (sets & sum(1 << at for at, kind in enumerate(kinds) if kind.funnel_stage == stage)) > 0
        for stage in ("top", "bottom")
    )
    types = [sets >> at & 1 for at in range(len(kinds))]
    return np.array([*types, top, bottom, top & bottom, sets > 0], np.int64).T
