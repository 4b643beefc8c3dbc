from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reports.facts import sums
from shared.reports.facts.groups import amount
from shared.reports.facts.sums import exact_sum, grouped_sums, mean_of_decimals, mean_of_integers

MOST = 10**16 - 1


def rounded(value: Fraction) -> float:
    return float(Decimal(round(value * 10**4)).scaleb(-4))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, MOST) | st.just(MOST)), max_size=80))
@settings(deadline=None)
def test_sums_of_amounts_are_exact(pairs: list[tuple[int, int]]) -> None:
    groups = np.array([group for group, _ in pairs], np.int64)
    amounts = np.array([each for _, each in pairs], np.int64)
    high, low = grouped_sums(groups, amounts, 4)
    for group in range(4):
        expected = sum(each for number, each in pairs if number == group)
        assert amount(int(high[group]), int(low[group])) == Decimal(expected).scaleb(-4)


def test_millions_of_the_largest_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what 63 bits hold, and in more blocks than one."""
    monkeypatch.setattr(sums, "_BLOCK", 700_000)
    amounts = np.full(2_000_000, MOST)
    high, low = grouped_sums(np.zeros(amounts.size, np.int64), amounts, 1)
    assert amount(int(high[0]), int(low[0])) == Decimal(MOST * amounts.size).scaleb(-4)
    assert sums.whole_sum(high, low) == MOST * amounts.size > 2**63


@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 9), max_size=50))
@settings(deadline=None)
def test_sums_and_means_of_integers_are_exact(numbers: list[int]) -> None:
    column = np.array(numbers, np.int64)
    assert exact_sum(column) == sum(numbers)
    expected = rounded(Fraction(sum(numbers), len(numbers))) if numbers else None
    assert mean_of_integers(column) == expected


decimals = (
    st.integers(0, 10_000).map(lambda tenths: tenths / 10)
    | st.decimals(0, 10**9, places=4).map(float)
    | st.floats(0, 1e9)
)


@given(st.lists(decimals, max_size=40))
@settings(deadline=None)
def test_means_of_decimals_are_exact(numbers: list[float]) -> None:
    exact = [Fraction(Decimal(f"{number:.15g}")) for number in numbers]
    expected = rounded(sum(exact, Fraction(0)) / len(exact)) if exact else None
    assert mean_of_decimals(np.array(numbers)) == expected


@pytest.mark.parametrize("copies", [1, 2, 5_000])
def test_a_mean_halfway_between_two_is_rounded_to_the_even_one(copies: int) -> None:
    assert mean_of_decimals(np.array([0.1, 0.0001] * copies)) == 0.05
    assert mean_of_decimals(np.array([0.1, 0.0003] * copies)) == 0.0502
