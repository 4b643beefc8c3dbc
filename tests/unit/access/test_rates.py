"""Each caller may send so many requests a second, and is told when it may again."""

import pytest

from shared.access.rates import BURST, Rates
from shared.errors import Problem


class Time:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def taken(rates: Rates, caller: str, rate: float, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            rates.take(caller, rate)
        except Problem as problem:
            assert problem.kind.code == "rate_limited"
            assert int(problem.headers()["retry-after"]) >= 1
        else:
            count += 1
    return count


def test_a_burst_then_the_rate() -> None:
    time = Time()
    rates = Rates(time)
    assert taken(rates, "a", 10, 100) == 10 * BURST
    assert taken(rates, "b", 10, 5) == 5
    time.now += 0.5
    assert taken(rates, "a", 10, 100) == 5
    time.now += 3600
    assert taken(rates, "a", 10, 100) == 10 * BURST


def test_seldom_is_possible() -> None:
    time = Time()
    rates = Rates(time)
    assert taken(rates, "a", 0.1, 3) == 1
    with pytest.raises(Problem) as raised:
        rates.take("a", 0.1)
    assert raised.value.retry_after == pytest.approx(10)
    time.now += 10
    assert taken(rates, "a", 0.1, 3) == 1


def test_without_a_limit_nothing_is_counted() -> None:
    assert taken(Rates(Time()), "a", 0, 10_000) == 10_000


def test_callers_are_forgotten_at_last() -> None:
    rates = Rates(Time())
    for number in range(10_500):
        rates.take(f"caller {number}", 1)
    assert len(rates._buckets) == 10_000
