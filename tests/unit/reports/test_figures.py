from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reports.figures import average_money, mean, money, share

amounts = st.decimals(0, 10**15, places=4)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("1523.5", "1523.50"),
        ("1523.5000", "1523.50"),
        ("0.1", "0.10"),
        ("0.125", "0.125"),
        ("0.0001", "0.0001"),
        ("1E+3", "1000.00"),
        ("99999999999999999999999999999.99", "99999999999999999999999999999.99"),
    ],
)
def test_money(amount: str, text: str) -> None:
    assert money(Decimal(amount)) == text


@given(amounts)
def test_money_is_exact_with_two_to_four_decimals(amount: Decimal) -> None:
    text = money(amount)
    assert Decimal(text) == amount
    assert 2 <= len(text.partition(".")[2]) <= 4


@pytest.mark.parametrize(
    ("total", "count", "text"),
    [
        ("0.05", 2, "0.02"),
        ("0.15", 2, "0.08"),
        ("10", 3, "3.33"),
        ("20", 3, "6.67"),
        ("4", 2, "2.00"),
    ],
)
def test_average_money_rounds_half_even(total: str, count: int, text: str) -> None:
    assert average_money(Decimal(total), count) == text


@given(amounts, st.integers(1, 10**9))
def test_average_money_is_the_nearest_cent(total: Decimal, count: int) -> None:
    average = Fraction(average_money(total, count) or 0)
    assert abs(average - Fraction(total) / count) <= Fraction(1, 200)


@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_mean_is_the_nearest_of_four_decimals(total: int, count: int) -> None:
    exact = (Decimal(total) / count).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    assert mean(total, count) == float(exact)


def test_nothing_has_no_average() -> None:
    assert average_money(Decimal(0), 0) is None
    assert mean(0, 0) is None


def test_share_rounds_to_six_decimals() -> None:
    assert share(1, 3) == 0.333333
    assert share(1, 128) == 0.007812
    assert share(1, 640) == 0.001562
    assert share(5, 5) == 1.0
