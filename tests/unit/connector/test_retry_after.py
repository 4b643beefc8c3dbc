"""Retry-After in both of its forms."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.connector.retry_after import seconds_to_wait

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATE = format_datetime(NOW, usegmt=True)


def asked(value: str) -> float | None:
    return seconds_to_wait({"Retry-After": value, "Date": DATE})


@given(seconds=st.integers(0, 10**7))
def test_both_forms_say_the_same(seconds: int) -> None:
    then = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked(str(seconds)) == asked(then) == seconds


@pytest.mark.parametrize(
    "value", ["Fri, 20 Nov 2026 12:01:00 GMT", "Friday, 20-Nov-26 12:01:00 GMT",
              "Fri Nov 20 12:01:00 2026"],
)  # fmt: skip
def test_the_three_forms_of_a_date(value: str) -> None:
    assert asked(value) == 60


def test_a_date_that_is_past_means_now() -> None:
    assert asked("Fri, 20 Nov 2026 11:00:00 GMT") == 0


def test_without_the_senders_clock_ours_is_taken() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    found = seconds_to_wait({"Retry-After": then})
    assert found is not None
    assert 50 < found <= 60


@given(value=st.text(max_size=40))
def test_any_other_text_is_nothing_or_at_least_zero(value: str) -> None:
    found = asked(value)
    assert found is None or found >= 0


@pytest.mark.parametrize("value", ["", "-1", "1.5", "soon", "Fri, 99 Nov 2026 12:00:00 GMT"])
def test_nonsense_is_nothing(value: str) -> None:
    assert asked(value) is None
