"""Answers in each form, over HTTP handlers: exports stream every group of one snapshot."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from integration.reports.asking import Reports
from integration.reports.naive import Event
from integration.reports.storing import make_room, store
from pyarrow import parquet

from shared.errors import Problem
from shared.reports import export

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


def sales(number: int) -> list[Event]:
    return [
        Event(
            occurred_at=NOON + timedelta(minutes=index % 600),
            type_id=7,
            event_id=f"e{index}",
            user_id=f"u{index}",
            country=("=cmd()", "Ukraine", None)[index % 3],
            campaign_id=f"camp-{index}",
            revenue=Decimal(index),
        )
        for index in range(number)
    ]


@pytest.fixture
def stored(tables: psycopg.Connection) -> list[Event]:
    events = sales(500)
    make_room(tables, events)
    with tables.transaction():
        store(tables, events)
    return events


def parquet_rows(body: bytes) -> dict[str, list[str]]:
    return parquet.read_table(io.BytesIO(body)).to_pydict()  # type: ignore[no-any-return]


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_csv_has_what_json_has(reports: Reports, stored: list[Event]) -> None:
    query = "groupBy=country,source&interval=1h&timezone=Europe/Kyiv&limit=10"
    answer = reports.ask("revenue", query)
    response = reports.respond("revenue", f"{query}&format=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="revenue.csv"'
    rows = rows_of(response.body)
    assert [*rows[0]] == [
        "start", "country", "source", "totalRevenue", "transactionCount", "averageOrderValue",
    ]  # fmt: skip
    assert [(row["start"], row["totalRevenue"]) for row in rows] == [
        (point["start"], point["totalRevenue"]) for point in answer["series"]
    ]
    assert {row["country"] for row in rows} == {"'=cmd()", "Ukraine", ""}
    assert sum(int(row["transactionCount"]) for row in rows) == len(stored)


def test_accept_chooses_the_form(reports: Reports, stored: list[Event]) -> None:
    assert stored
    accepting = {"accept": "application/x-ndjson"}
    response = reports.respond("events", "groupBy=source&limit=1", accepting)
    assert [json.loads(line) for line in response.body.splitlines()] == [
        {"source": "facebook", "count": 500}
    ]
    assert response.headers["vary"] == "Accept"
    assert reports.refused("events", "", {"accept": "image/png"}).kind.status == 406


def campaigns_of(form: str, body: bytes) -> list[str]:
    if form == "csv":
        return [row["campaignId"] for row in rows_of(body)]
    if form == "ndjson":
        return [json.loads(line)["campaignId"] for line in body.splitlines()]
    return parquet_rows(body)["campaignId"]


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_exports_have_every_group(
    reports: Reports, stored: list[Event], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_GROUPS", 64)
    query = "groupBy=campaignId"
    body = reports.streamed("revenue", f"{query}&format={form}")
    expected = reports.ask("revenue", f"{query}&limit=10000")["groups"]
    assert campaigns_of(form, body) == [group["campaignId"] for group in expected]
    assert len(expected) == len(stored)


def test_an_export_shows_one_moment(
    reports: Reports,
    tables: psycopg.Connection,
    stored: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "MOST_GROUPS", 100)
    later = [
        Event(occurred_at=NOON, type_id=7, event_id=f"l{number}", user_id="u",
              campaign_id=f"late-{number}", revenue=Decimal(number * 50))
        for number in range(20)
    ]  # fmt: skip

    def write_more() -> None:
        with tables.transaction():
            store(tables, later)

    body = reports.streamed("revenue", "groupBy=campaignId&format=csv", after_first=write_more)
    assert len(rows_of(body)) == len(stored)
    again = reports.streamed("revenue", "groupBy=campaignId&format=csv")
    assert len(rows_of(again)) == len(stored) + len(later)


def test_an_export_that_nobody_reads_lets_its_connection_go(
    reports: Reports, stored: list[Event]
) -> None:
    assert stored
    for _ in range(12):
        reports.respond_and_drop("events", "groupBy=campaignId&format=csv")
    assert reports.ask("events")["totalEvents"] == len(stored)


def test_an_export_that_takes_too_long_breaks_off(
    report_url: str, stored: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stored
    monkeypatch.setattr(export, "MOST_GROUPS", 10)
    with (
        Reports.over(report_url, export_timeout=1e-9) as hurried,
        pytest.raises(Problem, match="too long"),
    ):
        hurried.streamed("events", "groupBy=campaignId&format=csv")


def test_pages_link_to_the_next(reports: Reports, stored: list[Event]) -> None:
    query, seen = "groupBy=campaignId&format=csv&limit=200", []
    while query:
        response = reports.respond("events", query)
        seen += [row["campaignId"] for row in rows_of(response.body)]
        link = response.headers.get("link", "")
        assert link.endswith('>; rel="next"') or not link
        query = link.partition("<?")[2].partition(">")[0]
    assert len(seen) == len(set(seen)) == len(stored)


def test_tags_differ_by_form(reports: Reports, stored: list[Event]) -> None:
    assert stored
    tags = {
        form: reports.respond("events", f"format={form}&limit=5").headers["etag"]
        for form in ("json", "csv", "ndjson", "parquet")
    }
    assert len(set(tags.values())) == 4
    known = {"if-none-match": tags["csv"]}
    assert reports.respond("events", "format=csv", known).status == 304
    assert reports.respond("events", "format=json", known).status == 200


def test_parts_of_an_export_do_not_grow_with_it(
    reports: Reports, tables: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_GROUPS", 100)
    events = sales(1_000)
    make_room(tables, events)
    with tables.transaction():
        store(tables, events)
    parts = reports.parts("events", "groupBy=campaignId&format=csv")
    assert len(parts) == 11
    assert max(map(len, parts)) < 2 * min(map(len, parts[:-1]))
