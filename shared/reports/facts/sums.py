"""Sums and means that are exact, whatever their size."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

import numpy as np

from shared.reports.facts.arrays import Array

LOW_BITS: Final = 26
_LOW: Final = (1 << LOW_BITS) - 1
_BLOCK: Final = 1 << 25
"""Numbers below 2**28, as many as this, sum up to less than 2**53, what a double is exact to."""

_INT64: Final = 1 << 63
_PLACES: Final = 4
_DOUBLES: Final = 1 << 12
_UNIT: Final = 2.0**-53
_DIGITS: Final = ".15g"


def grouped_sums(groups: Array, amounts: Array, count: int) -> tuple[Array, Array]:
    """Add up amounts, each 0 to 10**16, by the number of their group.

    A sum is `high * 2**26 + low` with a low below 2**26: it may have more than 63 bits.
    """
    high, low = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for begin in range(0, amounts.size, _BLOCK):
        part, block = groups[begin : begin + _BLOCK], amounts[begin : begin + _BLOCK]
        # bincount() adds doubles, of which these are exact.
        high += np.bincount(part, block >> LOW_BITS, count).astype(np.int64)
        low += np.bincount(part, block & _LOW, count).astype(np.int64)
    return high + (low >> LOW_BITS), low & _LOW


def whole_sum(high: Array, low: Array) -> int:
    """Return what sums of grouped_sums() add up to."""
    return (exact_sum(high) << LOW_BITS) + exact_sum(low)


def exact_sum(numbers: Array) -> int:
    """Add up integers of at most 63 bits."""
    if not numbers.size:
        return 0
    if int(np.abs(numbers).max()) * numbers.size < _INT64:
        return int(numbers.sum(dtype=np.int64))
    return (int((numbers >> 32).sum()) << 32) + int((numbers & 0xFFFFFFFF).sum())


def mean_of_integers(numbers: Array) -> float | None:
    """Return the mean rounded half even to four decimals, None without any."""
    if not numbers.size:
        return None
    return float(_rounded(Fraction(exact_sum(numbers), numbers.size)))


def mean_of_decimals(numbers: Array) -> float | None:
    """Return the mean rounded half even to four decimals, None without any.

    Doubles, none below 0, stand for the decimals of up to 15 digits that they are written as. Their
    sum as doubles is as good unless what it may be off by makes a difference to the rounding.
    """
    if not numbers.size:
        return None
    whole = numbers.size // _DOUBLES * _DOUBLES
    blocks = numbers[:whole].reshape(-1, _DOUBLES).sum(axis=1)
    total = Fraction(math.fsum([*blocks.tolist(), *numbers[whole:].tolist()]))
    # A block's sum may be off by a unit for each of its numbers, and a number by half of one in its
    # 15th digit.
    error = total * (Fraction(2 * _DOUBLES * _UNIT) + Fraction(1, 10**14))
    low, high = ((total + side * error) / numbers.size for side in (-1, 1))
    if _rounded(low) == _rounded(high):
        return float(_rounded(low))
    return float(_rounded(_sum_of_decimals(numbers) / numbers.size))


def _sum_of_decimals(numbers: Array) -> Fraction:
    different, counts = np.unique(numbers, return_counts=True)
    pairs = zip(different.tolist(), counts.tolist(), strict=True)
    return sum(
        (Fraction(Decimal(f"{number:{_DIGITS}}")) * count for number, count in pairs), Fraction(0)
    )


def _rounded(number: Fraction) -> Decimal:
    return Decimal(round(number * 10**_PLACES)).scaleb(-_PLACES)
