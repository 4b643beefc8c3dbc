"""What an older version has stored is rolled up by second; reports are right before and after."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from databases import login
from integration.reports import naive
from integration.reports.asking import Reports, query_string
from integration.reports.naive import Event, Wanted
from integration.reports.storing import make_room, store
from integration.store.test_exactly_once import differences
from processes import serve

from infra.connector.second_rollups import SecondRollupKeeper
from infra.local.state import wait_until
from shared.settings import Settings
from shared.store.pool import Database

START = datetime(2026, 3, 29, 11, 50, tzinfo=UTC)
RANGE = Wanted(start=START + timedelta(seconds=3), end=START + timedelta(minutes=33, seconds=2))


def sales(first: int, number: int) -> list[Event]:
    """Return sales of three types, every two seconds and a bit, for forty minutes."""
    return [
        Event(
            occurred_at=START + timedelta(seconds=2.000_1 * n),
            type_id=(1, 7, 13)[n % 3],
            event_id=f"e{n}",
            user_id=f"u{n}",
            revenue=Decimal(n) / 100 if n % 3 else None,
        )
        for n in range(first, first + number)
    ]


@pytest.fixture
def tables(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        make_room(connection, sales(0, 1))
        yield connection


@pytest.fixture
def roll_up(database_url: str) -> Callable[[], None]:
    """Return what rolls up as the connector does."""

    async def once() -> None:
        database = Database(Settings(database_url=login(database_url, "connector")), "test")
        await database.open()
        try:
            await SecondRollupKeeper(database).roll_up()
        finally:
            await database.close()

    return lambda: asyncio.run(once())


def behind(tables: psycopg.Connection) -> int:
    """Return how many events are in no second's rollup."""
    [(events,)] = tables.execute("select sum(events - events_in_seconds)::int from rollup_types")
    return int(events)


def figures(answer: dict[str, Any]) -> dict[str, Any]:
    """Return of an answer what rollups are about."""
    names = {"totalEvents", "totalRevenue", "groups"}
    return {key: value for key, value in answer.items() if key in names}


def answers(url: str) -> dict[str, Any]:
    with Reports.over(url) as reports:
        return {
            name: figures(reports.ask(name, query_string(RANGE))) for name in ("events", "revenue")
        }


def expected(stored: list[Event]) -> dict[str, Any]:
    return {
        "events": figures(naive.events(stored, RANGE)),
        "revenue": figures(naive.revenue(stored, RANGE)),
    }


def test_catches_up_with_what_an_older_version_stored(
    database_url: str, tables: psycopg.Connection, roll_up: Callable[[], None]
) -> None:
    stored = sales(0, 1200)
    with tables.transaction():
        store(tables, stored[:700], seconds=False)
        store(tables, stored[700:])
    assert behind(tables) == 700
    assert answers(database_url) == expected(stored)
    roll_up()
    assert behind(tables) == 0
    assert differences(database_url) == []
    tables.execute("truncate events")
    assert answers(database_url) == expected(stored)


def test_what_is_complete_is_left_alone(
    tables: psycopg.Connection, roll_up: Callable[[], None]
) -> None:
    with tables.transaction():
        store(tables, sales(0, 300))
    before = tables.execute("select ctid, xmin, * from rollup_seconds").fetchall()
    roll_up()
    assert tables.execute("select ctid, xmin, * from rollup_seconds").fetchall() == before


def test_quarters_whose_rows_are_gone_stay_behind(
    database_url: str, tables: psycopg.Connection, roll_up: Callable[[], None]
) -> None:
    with tables.transaction():
        store(tables, sales(0, 600), seconds=False)
    [(partition,)] = tables.execute("select distinct tableoid::regclass::text from events")
    tables.execute("select expire_rows(%s)", [partition])
    roll_up()
    tables.execute("select roll_up_seconds(bucket) from rollup_types")
    assert behind(tables) == 600
    with Reports.over(database_url) as reports:
        problem = reports.refused("events", query_string(RANGE))
        assert problem.kind.code == "rows_expired"
        assert "whole quarters" in problem.detail


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_writers_of_both_versions_go_on_meanwhile(
    database_url: str, tables: psycopg.Connection, roll_up: Callable[[], None]
) -> None:
    stored = sales(0, 1200)

    def write() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for first in range(0, 1200, 10):
                with connection.transaction():
                    store(connection, stored[first : first + 10], seconds=first % 20 == 0)

    with meanwhile(write):
        for _ in range(20):
            with meanwhile(roll_up):
                roll_up()
    roll_up()
    assert behind(tables) == 0
    assert differences(database_url) == []
    assert answers(database_url) == expected(stored)


def test_an_unfinished_write_is_waited_for(
    database_url: str, tables: psycopg.Connection, roll_up: Callable[[], None]
) -> None:
    stored = sales(0, 40)
    with tables.transaction():
        store(tables, stored[:20], seconds=False)
    with psycopg.connect(database_url) as writer:
        store(writer, stored[20:])
        with meanwhile(roll_up):
            assert wait_until(lambda: waits(tables), 10)
            writer.commit()
    assert behind(tables) == 0
    assert differences(database_url) == []


def waits(connection: psycopg.Connection) -> bool:
    return bool(connection.execute("select from pg_locks where not granted").fetchall())


def test_the_connector_does_it(
    nats_url: str, database_url: str, tables: psycopg.Connection
) -> None:
    with tables.transaction():
        store(tables, sales(0, 100), seconds=False)
    environment = {"NATS_URL": nats_url, "DATABASE_URL": login(database_url, "connector")}
    with serve("infra.connector", environment=environment):
        assert wait_until(lambda: behind(tables) == 0, 20)
