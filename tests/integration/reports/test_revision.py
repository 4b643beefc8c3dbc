"""Callers that have an answer are told so while its figures are the same, and only then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from integration.reports.asking import Reports
from integration.reports.naive import Event
from integration.reports.storing import make_room, store

NAMES = ("events", "revenue", "demographics", "funnel")
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
SALE = Event(
    occurred_at=NOON + timedelta(minutes=5),
    type_id=7,
    event_id="e1",
    user_id="ada",
    age=36,
    gender="female",
    country="Ukraine",
    city="Kyiv",
    revenue=Decimal("9.50"),
)
RANGE = "from=2026-03-29T12:01:00Z&to=2026-03-29T12:44:00.5Z"


@pytest.fixture(autouse=True)
def _one_sale(tables: psycopg.Connection, _empty: None) -> None:
    make_room(tables, [SALE])
    with tables.transaction():
        store(tables, [SALE])


def tag(reports: Reports, name: str, query: str = RANGE) -> str:
    response = reports.respond(name, query)
    assert response.status == 200
    return response.headers["etag"]


def knows(reports: Reports, name: str, known: str, query: str = RANGE) -> bool:
    response = reports.respond(name, query, {"if-none-match": known})
    assert response.headers["cache-control"] == "no-cache"
    if response.status == 200:
        return False
    assert (response.status, response.body) == (304, b"")
    assert response.headers["etag"]
    return True


@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_changed(reports: Reports, tables: psycopg.Connection, name: str) -> None:
    first = tag(reports, name)
    assert knows(reports, name, first)
    tables.execute("insert into watermarks values ('facebook', now(), now())")
    assert knows(reports, name, first)
    with tables.transaction():
        store(tables, [replace(SALE, event_id="e2", occurred_at=NOON + timedelta(hours=1))])
    assert knows(reports, name, first)


def arrive(tables: psycopg.Connection) -> None:
    with tables.transaction():
        store(tables, [replace(SALE, event_id="e2", user_id="bob")])


def arrive_at_the_start(tables: psycopg.Connection) -> None:
    with tables.transaction():
        moment = NOON + timedelta(minutes=1)
        store(tables, [replace(SALE, event_id="e2", occurred_at=moment)])


def arrive_at_the_end(tables: psycopg.Connection) -> None:
    with tables.transaction():
        moment = NOON + timedelta(minutes=44)
        store(tables, [replace(SALE, event_id="e2", occurred_at=moment)])


def arrive_from_an_older_version(tables: psycopg.Connection) -> None:
    with tables.transaction():
        store(tables, [replace(SALE, event_id="e2")], seconds=False)


def erase(tables: psycopg.Connection) -> None:
    [(partition,)] = tables.execute("select tableoid::regclass::text from events")
    erased = tables.execute("select erase_rows(%s, 'ada', '{7}', now())", [partition])
    assert erased.fetchall() == [(1,)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [arrive, arrive_at_the_start, arrive_at_the_end, arrive_from_an_older_version, erase],
)
def test_something_has_changed(
    reports: Reports,
    tables: psycopg.Connection,
    name: str,
    change: Callable[[psycopg.Connection], None],
) -> None:
    first = tag(reports, name)
    change(tables)
    assert not knows(reports, name, first)
    assert knows(reports, name, tag(reports, name))


def test_rows_that_expired_are_missed(reports: Reports, tables: psycopg.Connection) -> None:
    first = tag(reports, "demographics")
    [(partition,)] = tables.execute("select tableoid::regclass::text from events")
    try:
        tables.execute("select expire_rows(%s)", [partition])
        assert reports.refused("demographics", RANGE, {"if-none-match": first}).kind.status == 400
    finally:
        tables.execute("truncate expired_rows")


def test_the_figures_of_other_types_do_not_matter(
    reports: Reports, tables: psycopg.Connection
) -> None:
    query = f"{RANGE}&source=tiktok"
    first = tag(reports, "events", query)
    arrive(tables)
    assert knows(reports, "events", first, query)


@pytest.mark.parametrize(
    ("form", "known"),
    [
        ("{}", True),
        ('"a", {}', True),
        ('{}, W/"b"', True),
        ("*", True),
        ("", False),
        ('"{}"', False),
        ('W/"a"', False),
        ("nonsense", False),
    ],
)
def test_forms_of_the_header(reports: Reports, form: str, *, known: bool) -> None:
    assert knows(reports, "events", form.format(tag(reports, "events"))) == known
    strong = tag(reports, "events").removeprefix("W/")
    assert knows(reports, "events", strong)
