from typing import TypeVar
from urllib.parse import quote

import psycopg
import pytest
from integration.reports.asking import Reports
from prometheus_client import REGISTRY
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from infra.local.ports import free_port

T = TypeVar("T")

NAMES = ("events", "revenue", "demographics", "funnel")


def generated(name: str) -> float:
    return REGISTRY.get_sample_value("reporter_reports_generated_total", {"report": name}) or 0


def timed(name: str) -> float:
    metric = "reporter_report_generation_duration_seconds_count"
    return REGISTRY.get_sample_value(metric, {"report": name}) or 0


@pytest.mark.parametrize("name", NAMES)
def test_answers_get_and_head_and_counts_them(reports: Reports, name: str) -> None:
    before = generated(name), timed(name)
    assert reports.ask(name) == reports.ask(name, method="HEAD")
    assert (generated(name), timed(name)) == (before[0] + 2, before[1] + 2)


@pytest.mark.parametrize("name", NAMES)
def test_refuses_other_methods_and_wrong_parameters(reports: Reports, name: str) -> None:
    before = generated(name)
    refused = reports.refused(name, method="POST")
    assert refused.kind.code == "method_not_allowed"
    assert refused.headers()["allow"] == "GET, HEAD"
    assert reports.refused(name, "colour=red").kind.code == "invalid_parameter"
    assert generated(name) == before


@pytest.mark.parametrize(
    "country", ["'; drop table events; --", "%(country)s", "%s", "\\", "\U0001f4a5", "x" * 1024]
)
def test_filters_are_values_and_nothing_else(reports: Reports, country: str) -> None:
    for name in NAMES:
        reports.ask(name, f"country={quote(country)}&campaignId={quote(country)}")


@pytest.mark.parametrize("query", ["from=0001-01-01", "to=9998-12-31T23:59:59.999999Z"])
def test_the_calendars_ends(reports: Reports, query: str) -> None:
    for name in NAMES:
        reports.ask(name, query)


def test_a_query_that_takes_too_long_is_a_problem_with_advice(report_url: str) -> None:
    with (
        psycopg.connect(report_url) as blocker,
        Reports.over(report_url, statement_timeout=0.1) as hurried,
    ):
        blocker.execute("lock table events, rollup_types in access exclusive mode")
        for name in NAMES:
            problem = hurried.refused(name)
            assert problem.kind.code == "query_timeout"
            assert "shorten the range" in problem.detail


def test_a_database_that_is_away_is_a_problem() -> None:
    away = f"postgresql://hookstream@127.0.0.1:{free_port()}/hookstream"
    with Reports.over(away, database_timeout=0.1) as deaf:
        problem = deaf.refused("events")
    assert problem.kind.code == "database_unavailable"
    assert int(problem.headers()["retry-after"]) >= 1


RAGGED = "from=2026-03-29T12:01:00.5Z&to=2026-03-31T12:44:00.25Z"


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each time that the client library waits for the server."""
    noted: list[str] = []
    wait = psycopg.AsyncConnection.wait

    async def noting(connection: psycopg.AsyncConnection, work: PQGen[T], *rest: float) -> T:
        name = getattr(work, "__name__", "")
        idle = connection.info.transaction_status is TransactionStatus.IDLE
        if not (idle and name == "_commit_gen"):  # which asks nothing then
            noted.append(name)
        return await wait(connection, work, *rest)

    monkeypatch.setattr(psycopg.AsyncConnection, "wait", noting)
    return noted


@pytest.mark.parametrize("name", ["events", "revenue"])
def test_a_report_asks_the_database_five_times(
    reports: Reports, round_trips: list[str], name: str
) -> None:
    reports.ask(name, RAGGED)
    known = reports.respond(name, RAGGED).headers["etag"]
    round_trips.clear()
    reports.ask(name, f"{RAGGED}&source=facebook")
    assert len(round_trips) == 5, "begin, how the data stands, its edges, totals, commit"
    round_trips.clear()
    assert reports.respond(name, RAGGED, {"if-none-match": known}).status == 304
    assert len(round_trips) == 1
