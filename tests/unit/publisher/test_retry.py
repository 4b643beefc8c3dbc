"""When a request is sent again, and after how long."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.publisher.retry import RetryPolicy, retry_after

attempts = st.integers(1, 1000)


def rng(seed: int) -> Random:
    return Random(seed)


@given(st.integers(), attempts)
def test_delays_grow_with_jitter_up_to_the_most(seed: int, attempt: int) -> None:
    policy = RetryPolicy(lasting=1000, base=0.5, most=8)
    delay = policy.delay(rng(seed), attempt, 0, None)
    growth = min(8, 0.5 * 2 ** min(attempt - 1, 30))
    assert delay is not None
    assert growth / 2 <= delay <= growth


@given(st.integers(), attempts, st.floats(0, 500))
def test_the_receivers_wish_is_the_least_that_is_waited(
    seed: int, attempt: int, wish: float
) -> None:
    delay = RetryPolicy(lasting=1000).delay(rng(seed), attempt, 0, wish)
    assert delay is not None
    assert wish <= delay <= wish + 5


@given(st.floats(0, 100), st.none() | st.floats(0, 100))
def test_nothing_is_retried_past_its_time(elapsed: float, wish: float | None) -> None:
    delay = RetryPolicy(lasting=50).delay(rng(1), 3, elapsed, wish)
    assert delay is None or elapsed + delay <= 50


def test_no_time_at_all_means_no_retry() -> None:
    assert RetryPolicy(lasting=0).delay(rng(1), 1, 0.001, None) is None


@pytest.mark.parametrize(
    ("header", "seconds"), [("0", 0), ("17", 17), (None, None), ("soon", None)]
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    earlier = format_datetime(datetime.now(UTC) - timedelta(seconds=100), usegmt=True)
    assert retry_after(later) == pytest.approx(100, abs=5)
    assert retry_after(earlier) == 0
