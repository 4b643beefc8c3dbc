"""Whatever is asked, the answer is an answer or a refusal, and comes soon."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote, urlencode

import psycopg
import pytest
from integration.reports.asking import Reports
from integration.reports.naive import Event
from integration.reports.storing import make_room, store

from shared.errors import Problem
from shared.settings import Settings

NAMES = ("events", "revenue", "demographics", "funnel")
PATIENCE = Settings().statement_timeout
REFUSALS = {400, 406, 429, 503}
NAUGHTY = [
    "", " ", "\t", "null", "NULL", "undefined", "true", "NaN", "Infinity", "-1", "0x10", "1e999",
    "'", "''", '"', "\\", "%", "%s", "%(types)s", "$1", "{0}", "`id`", ";", "--", "/*", "*/",
    "' or '1'='1", "1; drop table events", "'; drop table events; --", "') or pg_sleep(10)--",
    "1' union select raw from events--", "../../../etc/passwd", "..\\..\\boot.ini", "file:///etc",
    "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "() { :;}; echo", "=cmd|' /C'!A0",
    "\u202e", "\u200b", "\ufeff", "\ud7ff", "Ω≈ç√", "田中さん", "👾" * 50, "ﷺ", "Z̮̞̠͙͔ͅ",
    "\x00", "\x01\x7f", "\r\nX: y", "x" * 1_000, "x" * 100_000,
]  # fmt: skip
PARAMETERS = (
    "from", "to", "source", "funnelStage", "eventType", "campaignId", "country", "groupBy",
    "interval", "timezone", "limit", "cursor", "format", "colour",
)  # fmt: skip


@pytest.fixture
def stored(tables: psycopg.Connection) -> int:
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    events = [
        Event(
            occurred_at=noon + timedelta(minutes=index),
            type_id=7,
            event_id=f"e{index}",
            user_id=f"u{index}",
            country=NAUGHTY[index % len(NAUGHTY)].replace("\0", "") or None,
            campaign_id=f"'; drop table events; --{index}",
            revenue=Decimal(1),
        )
        for index in range(200)
    ]
    make_room(tables, events)
    with tables.transaction():
        store(tables, events)
    return len(events)


def outcome(reports: Reports, name: str, query: str, headers: dict[str, str] | None = None) -> int:
    """Return the status of an answer that came in time."""
    begun = time.perf_counter()
    try:
        status = reports.status(name, query, headers or {})
    except Problem as problem:
        status = problem.kind.status
        assert len(problem.document()) < 5_000
    assert time.perf_counter() - begun < PATIENCE
    return status


@pytest.mark.parametrize("name", NAMES)
def test_naughty_strings_in_every_parameter(reports: Reports, stored: int, name: str) -> None:
    for parameter in PARAMETERS:
        for text in NAUGHTY:
            status = outcome(reports, name, urlencode({parameter: text}))
            assert status == 200 or status in REFUSALS - {503}, (parameter, text)
    assert reports.ask("events")["totalEvents"] == stored


@pytest.mark.parametrize("name", NAMES)
def test_naughty_headers(reports: Reports, stored: int, name: str) -> None:
    for text in NAUGHTY:
        for header in ("accept", "if-none-match"):
            assert outcome(reports, name, "", {header: text}) in {200, 304, 406}
    assert reports.ask("events")["totalEvents"] == stored


@pytest.mark.parametrize(
    "query",
    [
        "from=0001-01-01&to=9998-12-31",
        "from=0001-01-01&to=9998-12-31&interval=1M",
        "from=0001-01-01&to=9998-12-31&interval=15m&timezone=Pacific/Kiritimati",
        "from=0001-01-01&to=0001-01-02&interval=1h&timezone=America/New_York",
        "from=9998-12-31&to=9998-12-31T23:59:59Z&interval=1d&timezone=Pacific/Kiritimati",
        "interval=15m&groupBy=campaignId,country,device&limit=10000",
        "&".join(f"country={number}" for number in range(10_000)),
        "&".join(f"country={number}" for number in range(250)),
        "&".join(f"campaignId={quote(NAUGHTY[number % 40] or 'x')}" for number in range(250)),
        "groupBy=" + ",".join(["country"] * 5_000),
        "%",
        "=",
        "&" * 10_000,
        "from=2026-01-01&" * 3,
        "%ff=%fe",
        "from[]=1&to[$gt]=2",
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_huge_and_odd_questions(reports: Reports, stored: int, name: str, query: str) -> None:
    assert outcome(reports, name, query) in {200, 400}
    assert stored


def test_a_filter_finds_the_oddest_name(reports: Reports, stored: int) -> None:
    assert stored
    query = urlencode({"campaignId": "'; drop table events; --7"})
    assert reports.ask("events", query)["totalEvents"] == 1


def test_costly_questions_leave_room_for_quick_ones(report_url: str, stored: int) -> None:
    assert stored
    with (
        psycopg.connect(report_url) as blocker,
        Reports.over(report_url, statement_timeout=3, database_timeout=0.2) as some,
    ):
        blocker.execute("lock table segments in access exclusive mode")
        costly = [("events", f"groupBy=campaignId&limit={number + 1}") for number in range(12)]
        outcomes, quick = some.crowd(costly, ("events", ""))
        assert quick["totalEvents"] == stored
        assert "too_many_requests" in outcomes
        assert set(outcomes) <= {"too_many_requests", "query_timeout"}
