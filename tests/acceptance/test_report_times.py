"""The benchmark of the reports on a whole stack, in a small size."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from stack import Stack

from infra.bench import reports
from infra.bench.load import Target
from infra.bench.reports import Asker, ReportSizes, ReportTimesError, measure
from infra.bench.sizes import Sizes

SIZES = ReportSizes(events=3_000, window=timedelta(minutes=30), questions=5, slow_questions=2)


def test_each_report_is_timed_at_the_gateway_and_at_the_function(stack: Stack) -> None:
    told: list[str] = []
    times = measure(stack.state, SIZES, told.append)
    assert [(t.report, t.place, t.status) for t in times.timings if not t.whole] == [
        (report, place, status)
        for report in ("events", "revenue", "demographics", "funnel")
        for place in ("gateway", "function")
        for status in (200, 304)
    ]
    assert [(t.report, t.place, t.status) for t in times.timings if t.whole] == [
        (report, place, 200)
        for report in ("events", "revenue")
        for place in ("gateway", "function")
    ]
    assert all(timing.seconds.p99 is not None for timing in times.timings)
    assert not times.refusals
    assert "3,000 of 3,000" in "".join(told)
    again = measure(stack.state, replace(SIZES, end=times.end + timedelta(seconds=1)))
    assert len(again.timings) == len(times.timings)
    assert stack.total_events() == 2 * SIZES.events


def test_a_refusal_is_no_time(stack: Stack) -> None:
    url = f"{stack.urls['gateway']}/reports/events"
    with Asker(url) as asker, pytest.raises(ReportTimesError, match="HTTP 400"):
        asker.ask("colour=red")


def test_the_scenario_names_reports_that_do_not_answer(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "REPORTS", ("events", "weather"))
    target = Target(
        gateway=stack.urls["gateway"],
        direct=None,
        listing=dict,
        nats_url=None,
        database_url=stack.urls["database"],
        state_dir=stack.state,
    )
    found = asyncio.run(reports.Reports().run(target, Sizes(events=1_000, seconds=600)))
    assert [row["name"] for row in found.sheet("reports").document()] == [
        f"events {asked}"
        for place in ("gateway", "function")
        for asked in (
            f"of whole quarters at the {place}, 200",
            f"at the {place}, 200",
            f"at the {place}, 304",
        )
    ]
    [objection] = found.objections
    assert "weather: HTTP 404" in objection
