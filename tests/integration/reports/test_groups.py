"""Groups, series and pages equal a naive computation over single events."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from integration.reports import naive
from integration.reports.asking import Reports, query_string
from integration.reports.naive import Event, Wanted
from integration.reports.test_equality import MIDNIGHT, cases, fill

from shared.reports.windows import QUARTER

DIMENSIONS = {
    "events": ("source", "funnelStage", "eventType", "country", "campaignId", "device"),
    "revenue": ("source", "campaignId", "eventType", "country", "purchasedItem"),
}
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Havana", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns"]
)
intervals = st.sampled_from(["15m", "1h", "1d", "1w", "1M"])


@st.composite
def shapes(draw: st.DrawFn) -> tuple[str, tuple[str, ...], str | None, str, int]:
    """A report, dimensions, an interval, its time zone, and the groups of a page."""
    name = draw(st.sampled_from(sorted(DIMENSIONS)))
    rolled_up = st.sampled_from(["source", "eventType"])
    dimension = rolled_up | st.sampled_from(DIMENSIONS[name])
    by = tuple(draw(st.lists(dimension, max_size=4, unique=True)))
    return name, by, draw(st.none() | intervals), draw(zones), draw(st.integers(1, 5))


LATE = Event(
    occurred_at=datetime(2026, 3, 28, 23, 59, tzinfo=UTC), type_id=1, event_id="1", user_id="u"
)
"""In a day's last quarter of an hour: what comes after it is in the next day."""


@pytest.mark.timeout(900)
@given(case=cases(), shape=st.lists(shapes(), min_size=4, max_size=4))
@example(
    case=([], [Wanted()], 0),
    shape=[("events", (), "1d", "UTC", 1), ("revenue", (), "1M", "UTC", 1)],
)
@example(
    case=(
        [LATE, replace(LATE, occurred_at=LATE.occurred_at + QUARTER, event_id="2")],
        [Wanted()],
        0,
    ),
    shape=[("events", (), "15m", "UTC", 1)],
)
@settings(max_examples=50, deadline=None)
def test_groups_and_series_equal_a_naive_computation(
    reports: Reports,
    tables: psycopg.Connection,
    case: tuple[list[Event], list[Wanted], int],
    shape: list[tuple[str, tuple[str, ...], str | None, str, int]],
) -> None:
    stored, wishes, older = case
    fill(tables, stored, older)
    for wanted in wishes:
        for name, by, interval, zone, limit in shape:
            asked = replace(wanted, group_by=by, interval=interval, timezone=zone)
            expected = getattr(naive, name)(stored, asked)
            answer = reports.ask(name, query_string(asked))
            assert {key: answer[key] for key in expected} == expected
            assert answer["nextCursor"] is None
            assert ("series" in answer) == (interval is not None)
            assert_pages(reports, name, asked, limit, expected)


def assert_pages(
    reports: Reports, name: str, asked: Wanted, limit: int, whole: dict[str, Any]
) -> None:
    """Check that pages have all groups, each once, and the points of their own groups."""
    groups: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    more: dict[str, str | int] = {"limit": limit}
    while True:
        page = reports.ask(name, query_string(asked, **more))
        assert page["groupCount"] == whole["groupCount"]
        groups += page["groups"]
        points += page.get("series", [])
        if page["nextCursor"] is None:
            break
        assert len(page["groups"]) == limit
        more["cursor"] = page["nextCursor"]
    assert groups == whole["groups"]
    assert sorted(points, key=_text) == sorted(whole.get("series", []), key=_text)


def _text(point: dict[str, Any]) -> str:
    return json.dumps(point, sort_keys=True)


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29), 23), (datetime(2026, 10, 25), 25)]  # noqa: DTZ001 - a calendar day
)  # fmt: skip
def test_days_of_clock_changes(
    reports: Reports, tables: psycopg.Connection, day: datetime, hours: int
) -> None:
    first = naive.begun(
        day.replace(hour=12, tzinfo=MIDNIGHT.tzinfo), "1d", ZoneInfo("Europe/Berlin")
    )
    stored = [
        Event(occurred_at=first + timedelta(minutes=30 * number), type_id=1 + number % 14,
              event_id=f"e{number}", user_id="u")
        for number in range(-10, 2 * hours + 10)
    ]  # fmt: skip
    fill(tables, stored)
    answer = reports.ask("events", "interval=1d&timezone=Europe/Berlin&groupBy=source")
    start = first.astimezone(ZoneInfo("Europe/Berlin")).isoformat()
    that_day = [point["count"] for point in answer["series"] if point["start"] == start]
    assert sum(that_day) == 2 * hours
    hourly = reports.ask(
        "events", f"interval=1h&timezone=Europe/Berlin&groupBy=source&from={day.date()}"
    )
    assert len({point["start"] for point in hourly["series"]}) >= hours
