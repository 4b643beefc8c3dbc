"""The benchmark of the reports on a whole stack, in a small size."""

from dataclasses import replace
from datetime import timedelta

import pytest
from stack import Stack

from infra.bench.reports import Asker, ReportSizes, ReportTimesError, measure

SIZES = ReportSizes(events=3_000, window=timedelta(minutes=30), questions=5, slow_questions=2)


def test_each_report_is_timed_at_the_gateway_and_at_the_function(stack: Stack) -> None:
    told: list[str] = []
    times = measure(stack.state, SIZES, told.append)
    assert [(t.report, t.place, t.status) for t in times.timings] == [
        (report, place, status)
        for report in ("events", "revenue", "demographics")
        for place in ("gateway", "function")
        for status in (200, 304)
    ]
    assert all(timing.seconds.p99 is not None for timing in times.timings)
    assert "3,000 of 3,000" in "".join(told)
    again = measure(stack.state, replace(SIZES, end=times.end + timedelta(seconds=1)))
    assert len(again.timings) == len(times.timings)
    assert stack.total_events() == 2 * SIZES.events


def test_a_refusal_is_no_time(stack: Stack) -> None:
    url = f"{stack.urls['gateway']}/reports/events"
    with Asker(url) as asker, pytest.raises(ReportTimesError, match="HTTP 400"):
        asker.ask("colour=red")
