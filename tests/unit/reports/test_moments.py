import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reports.moments import FORMS, read_moment

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

offsets = st.integers(-23 * 60, 23 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", NOON.replace(hour=0)),
        ("2026-01-31T12:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31T12:00:00+00:00", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),
        ("2026-01-31T14:00:00 02:00", NOON),
        ("2026-01-31T06:30:00-0530", NOON),
        ("2026-01-31T14:00:00+02", NOON),
        ("2026-01-31T12:00:00.5Z", NOON + timedelta(seconds=0.5)),
        ("2026-01-31T12:00:00.000001Z", NOON + timedelta(microseconds=1)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_forms(text: str, moment: datetime) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1769860800",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00",
        "2026-01-31T12:00:00.1234567Z",
        "2026-02-30",
        "2026-01-31T25:00Z",
        "2026-01-31T12:00:60Z",
        "2026-W05-6",
        "20260131",
        "0001-01-01T00:00:00+14:00",
        "9999-01-01",
        "2026-01-31T12:00Z\n",
        "٢٠٢٦-01-31",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is "):
        read_moment(text)


def test_the_examples_that_callers_are_shown_are_allowed() -> None:
    assert all(read_moment(form).year == 2026 for form in FORMS)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets))  # noqa: DTZ001
def test_every_moment_survives_to_the_microsecond(moment: datetime) -> None:
    assert read_moment(moment.isoformat()) == moment


@given(st.text())
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_moment(text).tzinfo is UTC
