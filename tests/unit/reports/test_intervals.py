"""Beginnings of intervals, against calendar arithmetic that walks from quarter to quarter."""

import bisect
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Problem
from shared.reports.intervals import interval_starts, require_points
from shared.reports.selection import INTERVALS, Interval
from shared.reports.windows import Span

QUARTER = timedelta(minutes=15)
UTC_ZONE = ZoneInfo("UTC")
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
    ("Asia/Pyongyang", datetime(2018, 5, 4, tzinfo=UTC)),
    ("America/Caracas", datetime(2016, 5, 1, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 1, 1, tzinfo=UTC)),
]
zones = st.sampled_from([zone for zone, _ in CHANGES]) | st.sampled_from(
    sorted(name for name in available_timezones() if "/" in name)
)
moments = st.one_of(
    st.sampled_from([moment for _, moment in CHANGES]).flatmap(
        lambda moment: st.timedeltas(-timedelta(days=3), timedelta(days=3)).map(moment.__add__)
    ),
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1)).map(  # noqa: DTZ001 - the next line
        lambda moment: moment.replace(tzinfo=UTC)
    ),
)
lengths = {
    "15m": timedelta(days=2),
    "1h": timedelta(days=4),
    "1d": timedelta(days=9),
    "1w": timedelta(days=40),
    "1M": timedelta(days=100),
}


def label(moment: datetime, interval: Interval, zone: ZoneInfo) -> tuple[object, ...]:
    """Name the interval that clocks and calendars of the zone show at a moment."""
    local = moment.astimezone(zone)
    if interval == "15m":
        return (local.replace(tzinfo=None), local.utcoffset())
    if interval == "1h":
        return (local.date(), local.hour, local.utcoffset())
    if interval == "1d":
        return (local.date(),)
    if interval == "1w":
        return tuple(local.isocalendar()[:2])
    return (local.year, local.month)


def walked(start: datetime, end: datetime, interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """Return those quarters from `start` on at which the label changes to one not seen before."""
    quarter = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    before = {label(quarter - QUARTER, interval, zone)}
    begun = []
    while quarter < end:
        shown = label(quarter, interval, zone)
        if shown not in before:
            before.add(shown)
            begun.append(quarter)
        quarter += QUARTER
    return begun


@given(zones, moments, st.sampled_from(INTERVALS), st.floats(0, 1))
@settings(max_examples=500, deadline=None)
def test_starts_are_where_the_calendar_changes(
    name: str, start: datetime, interval: Interval, part: float
) -> None:
    zone, end = ZoneInfo(name), start + lengths[interval] * part
    starts = interval_starts(Span(start, end), interval, zone)
    if start == end:
        assert starts == ()
        return
    assert starts[0] <= start
    assert list(starts) == sorted(set(starts))
    assert all(not (moment - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER for moment in starts)
    quarter = start - (start - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER
    expected = walked(start, end, interval, zone)
    assert [moment for moment in starts if moment >= quarter] == expected


@pytest.mark.parametrize(("name", "around"), CHANGES)
@pytest.mark.parametrize("interval", INTERVALS)
def test_clock_changes(name: str, around: datetime, interval: Interval) -> None:
    zone = ZoneInfo(name)
    span = Span(around - timedelta(days=40), around + timedelta(days=40 if interval == "1M" else 2))
    starts = interval_starts(span, interval, zone)
    assert span.start is not None
    assert span.end is not None
    expected = walked(span.start, span.end, interval, zone)
    assert list(starts)[bisect.bisect_left(starts, expected[0]) :] == expected


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [("Europe/Berlin", 29, [24, 23, 24]), ("UTC", 29, [24] * 3), ("Europe/Berlin", 25, [24] * 3)],
)
def test_days_have_23_hours_when_clocks_go_forward(name: str, day: int, hours: list[int]) -> None:
    zone = ZoneInfo(name)
    span = Span(datetime(2026, 3, day - 1, tzinfo=zone), datetime(2026, 3, day + 2, 1, tzinfo=zone))
    starts = interval_starts(span, "1d", zone)
    lasting = [later - start for start, later in pairwise(starts)]
    assert [length // timedelta(hours=1) for length in lasting] == hours


def test_weeks_begin_on_monday() -> None:
    span = Span(datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    starts = interval_starts(span, "1w", UTC_ZONE)
    assert [start.isoformat()[:10] for start in starts] == ["2026-11-16", "2026-11-23"]
    tokyo = interval_starts(span, "1w", ZoneInfo("Asia/Tokyo"))
    assert [start.isoformat()[:13] for start in tokyo] == ["2026-11-22T15"]


def test_half_an_hour_forward_leaves_an_hour_of_half_its_length() -> None:
    span = Span(datetime(2026, 10, 3, 14, tzinfo=UTC), datetime(2026, 10, 3, 17, tzinfo=UTC))
    zone = ZoneInfo("Australia/Lord_Howe")
    local = [start.astimezone(zone).isoformat() for start in interval_starts(span, "1h", zone)]
    assert local == [
        "2026-10-04T00:00:00+10:30",
        "2026-10-04T01:00:00+10:30",
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T03:00:00+11:00",
    ]


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("name", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_huge_ranges_are_refused(interval: Interval, name: str) -> None:
    span = Span(datetime(1, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, tzinfo=UTC))
    with pytest.raises(Problem) as caught:
        interval_starts(span, interval, ZoneInfo(name))
    assert caught.value.extensions["parameter"] == "interval"
    assert caught.value.extensions["limit"] == 5_000


def test_as_many_intervals_as_are_allowed() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    span = Span(start, start + 5_000 * QUARTER)
    assert len(interval_starts(span, "15m", UTC_ZONE)) == 5_000
    with pytest.raises(Problem):
        interval_starts(
            Span(start, start + 5_000 * QUARTER + timedelta.resolution), "15m", UTC_ZONE
        )


def test_nothing_is_before_the_first_possible_event() -> None:
    span = Span(datetime(1, 1, 1, tzinfo=UTC), datetime(2000, 2, 1, 1, tzinfo=UTC))
    assert [start.year for start in interval_starts(span, "1M", UTC_ZONE)] == [2000, 2000]
    assert interval_starts(Span(None, span.end), "1d", UTC_ZONE) == ()


def test_points_are_bounded() -> None:
    require_points(20, 5_000)
    with pytest.raises(Problem) as caught:
        require_points(21, 5_000)
    assert caught.value.extensions["limit"] == 100_000
