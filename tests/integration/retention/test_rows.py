"""Rows expire by whole partitions; counts stay, and what needs the rows says that they are gone."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook, tiktok
from databases import login
from integration.reports.asking import Reports
from integration.retention.conftest import Expire
from integration.store.test_exactly_once import record, rows
from processes import serve
from records import Servers

from infra.local.state import wait_until
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.store.writer import EventWriter

TODAY = datetime.now(UTC).replace(hour=12, minute=7, second=3, microsecond=0)
LONG_AGO = TODAY - timedelta(days=90)
LATELY = TODAY - timedelta(days=4)


def at(moment: datetime) -> str:
    return moment.isoformat()


def midnight(moment: datetime) -> str:
    return moment.date().isoformat()


def quarter(moment: datetime) -> str:
    return moment.replace(minute=0, second=0).isoformat().replace("+00:00", "Z")


@pytest.fixture
def history(records: Servers) -> Servers:
    """Return servers with sales of three times and a few other events, processed."""
    for moment in (LONG_AGO, LATELY, TODAY - timedelta(days=1)):
        sales = [
            facebook("checkout.complete", purchaseAmount=f"{n}.01", timestamp=at(moment))
            for n in range(5)
        ]
        streams.publish(records.nats_url, "facebook", [sales])
        streams.publish(records.nats_url, "tiktok", [[tiktok(timestamp=at(moment))]])
    records.process()
    return records


def partitions(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass"
        )
        return sorted(name for (name,) in found)


def figures(url: str, *queries: str) -> list[Any]:
    with Reports.over(url) as reports:
        return [
            (answer["totalEvents"], reports.ask("revenue", query)["totalRevenue"])
            for query in ("", *queries)
            if (answer := reports.ask("events", query))
        ]


def accounts(servers: Servers) -> dict[str, tuple[int, int]]:
    """Return rows and expired rows by source, of an account that holds."""
    found = servers.reconcile()["sources"]
    return {account["source"]: (account["rows"], account["expired"]) for account in found}


def test_counts_stay_and_reconcile_holds(history: Servers, expire: Expire) -> None:
    url = history.database_url
    queries = (
        f"to={midnight(LATELY)}",
        f"from={midnight(LONG_AGO)}&to={midnight(TODAY)}",
        f"from={midnight(LONG_AGO)}&source=facebook",
    )
    before = figures(url, *queries)
    assert accounts(history) == {"facebook": (15, 0), "tiktok": (3, 0)}
    expire(3)
    assert len(partitions(url)) == 1
    assert figures(url, *queries) == before
    assert accounts(history) == {"facebook": (5, 10), "tiktok": (1, 2)}
    expire(3)
    assert accounts(history) == {"facebook": (5, 10), "tiktok": (1, 2)}


def kept(url: str) -> list[tuple[int, bool]]:
    """Return of each segment how many events it has and whether some of them are of long ago."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select events, first_at < %s from segments order by 1, 2", (TODAY - timedelta(days=3),)
        ).fetchall()


def test_segments_go_with_the_last_of_their_rows(history: Servers, expire: Expire) -> None:
    """One that has events of several days is there as long as one of these is."""
    url = history.database_url
    with psycopg.connect(url) as connection:
        connection.execute("truncate segments, events, event_keys, messages")
    both = [facebook(timestamp=at(moment)) for moment in (LONG_AGO, TODAY)]
    old = [facebook(timestamp=at(moment)) for moment in (LONG_AGO, LATELY)]
    for number, events in enumerate((both, old), 1_000):
        store_now(url, events, number)
    assert kept(url) == [(2, True), (2, True)]
    expire(60)
    assert kept(url) == [(2, True), (2, True)]
    expire(3)
    assert kept(url) == [(2, True)]
    store_now(url, [facebook(timestamp=at(LONG_AGO))], 2_000)
    assert kept(url) == [(1, True), (2, True)]
    expire(3)
    assert kept(url) == [(2, True)]


def store_now(url: str, events: list[dict[str, Any]], number: int) -> None:
    async def write() -> None:
        database = Database(Settings(database_url=url), "test", configure=prepare)
        await database.open()
        await EventWriter(database).write(rows(events, number), [record(events, number)])
        await database.close()

    asyncio.run(write())


def test_only_whole_partitions_that_are_old_enough_go(history: Servers, expire: Expire) -> None:
    assert len(partitions(history.database_url)) == 3
    expire(5)
    assert len(partitions(history.database_url)) == 2
    expire(4)
    assert len(partitions(history.database_url)) == 2
    expire(3)
    assert len(partitions(history.database_url)) == 1


def test_a_report_that_needs_what_is_gone_says_so(history: Servers, expire: Expire) -> None:
    expire(3)
    whole, ragged, end = (
        f"{name}={at(LATELY + timedelta(seconds=shift))}".replace("+", "%2B")
        for name, shift in (("from", -1), ("from", -0.5), ("to", 0.5))
    )
    complete = quarter(LATELY + timedelta(minutes=15)).replace("12:00", "12:15")
    with Reports.over(history.database_url) as reports:
        for name, query in (
            ("events", ragged),
            ("revenue", ragged),
            ("events", end),
            ("revenue", "campaignId=camp-1"),
            ("events", "country=Ukraine"),
            ("demographics", ""),
            ("demographics", f"from={midnight(LATELY)}"),
        ):
            problem = reports.refused(name, query)
            assert (problem.kind.code, problem.kind.status) == ("rows_expired", 400), query
            assert problem.extensions["completeFrom"] == complete
            assert complete in problem.detail
        since = f"from={complete}"
        assert reports.ask("events", f"{since}&campaignId=camp-1")["totalEvents"] == 5
        assert reports.ask("demographics", since)["facebook"]["users"] == 5
        assert "whole seconds" in reports.refused("events", ragged).detail
        assert "whole seconds" not in reports.refused("demographics").detail
        assert reports.ask("events", whole)["totalEvents"] == 12


def test_types_and_times_without_expired_rows_are_answered(
    records: Servers, expire: Expire
) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook(timestamp=at(LATELY))]])
    streams.publish(records.nats_url, "tiktok", [[tiktok(timestamp=at(TODAY))]])
    records.process()
    expire(3)
    with Reports.over(records.database_url) as reports:
        assert reports.ask("events", "source=tiktok&country=Ukraine")["totalEvents"] == 1
        assert reports.ask("demographics", "source=tiktok")["tiktok"]["users"] == 1
        assert reports.ask("revenue", "campaignId=camp-1")["transactionCount"] == 0
        ragged = f"from={at(LATELY + timedelta(hours=1, seconds=1))}".replace("+", "%2B")
        assert reports.ask("events", ragged)["totalEvents"] == 1
        assert reports.refused("demographics", "source=facebook").kind.code == "rows_expired"


def test_late_events_are_stored_and_expire_again(history: Servers, expire: Expire) -> None:
    """The collectors go on running, and remember partitions that are gone."""
    with history.pipeline():
        late = [facebook("checkout.complete", timestamp=at(m)) for m in (LONG_AGO, LATELY)]
        streams.publish(history.nats_url, "facebook", [late])
        streams.wait_until_processed(history.nats_url, "facebook")
        expire(3)
        later = [facebook("checkout.complete", timestamp=at(m)) for m in (LONG_AGO, LATELY)]
        streams.publish(history.nats_url, "facebook", [later, late])
        streams.wait_until_processed(history.nats_url, "facebook")
    assert not streams.messages(history.nats_url, "DEADLETTER")
    assert accounts(history)["facebook"] == (7, 12)
    expire(3)
    assert accounts(history)["facebook"] == (5, 14)
    assert figures(history.database_url)[0] == (22, "72.15")


def test_the_connector_does_it(history: Servers) -> None:
    url = login(history.database_url, "connector")
    environment = {"NATS_URL": history.nats_url, "DATABASE_URL": url}
    for keep in ("0", "3"):
        with serve("infra.connector", environment={**environment, "ROWS_KEEP_DAYS": keep}):
            wanted = 3 if keep == "0" else 1
            assert wait_until(lambda: len(partitions(history.database_url)) == wanted, 20)  # noqa: B023 - awaited here
    assert accounts(history) == {"facebook": (5, 10), "tiktok": (1, 2)}


def test_several_at_once_count_once(history: Servers, expire: Expire) -> None:
    threads = [threading.Thread(target=expire, args=(3,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expire(3)
    assert accounts(history) == {"facebook": (5, 10), "tiktok": (1, 2)}


@contextmanager
def busy(url: str, statement: str) -> Iterator[None]:
    """Keep a transaction open that has run a statement."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())
        yield
        connection.rollback()


@pytest.mark.parametrize(
    "statement", ["select count(*) from events", "update events set age = 1 where age = 36"]
)
def test_it_waits_for_nobody_for_long(history: Servers, expire: Expire, statement: str) -> None:
    with busy(history.database_url, statement):
        expire(3)
        assert len(partitions(history.database_url)) == 3
    assert accounts(history) == {"facebook": (15, 0), "tiktok": (3, 0)}
    expire(3)
    assert len(partitions(history.database_url)) == 1


def test_writers_get_through_while_a_report_runs(history: Servers, expire: Expire) -> None:
    keeper = threading.Thread(target=expire, args=(3,))
    url = history.database_url
    with busy(url, "select count(*) from events"), psycopg.connect(url, autocommit=True) as looker:
        keeper.start()
        assert wait_until(lambda: waits_for_the_table(looker), 20)
        writer = threading.Thread(target=store, args=(url, [facebook()]))
        writer.start()
        writer.join(30)
        assert not writer.is_alive()
        keeper.join()
    assert len(partitions(url)) == 4


def waits_for_the_table(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "select from pg_locks where relation = 'events'::regclass and not granted"
    )
    return found.fetchone() is not None


def store(url: str, events: list[dict[str, Any]]) -> None:
    async def write() -> None:
        database = Database(Settings(database_url=url), "test", configure=prepare)
        await database.open()
        try:
            await EventWriter(database).write(rows(events, 1_000), [record(events, 1_000)])
        finally:
            await database.close()

    asyncio.run(write())


def test_a_snapshot_keeps_the_rows_it_may_read(history: Servers, expire: Expire) -> None:
    """A dropped partition is gone from older snapshots too."""
    url = history.database_url

    async def count_around(work: threading.Thread) -> int:
        database = Database(Settings(database_url=url), "test")
        await database.open()
        try:
            async with database.snapshot() as snapshot:
                await snapshot.execute("select count(*) from rollup_types")
                work.start()
                await asyncio.to_thread(work.join)
                cursor = await snapshot.execute("select count(*) from events")
                [(count,)] = await cursor.fetchall()
                return int(count)
        finally:
            await database.close()

    assert asyncio.run(count_around(threading.Thread(target=expire, args=(3,)))) == 18


def test_a_partition_that_goes_while_a_writer_waits_is_made_anew(records: Servers) -> None:
    """What the writer's session remembers of the partition is out of date when it goes on."""
    day = LATELY.date()
    url = records.database_url
    with (
        psycopg.connect(url, autocommit=True) as writer,
        psycopg.connect(url, autocommit=True) as keeper,
    ):
        held = ("select hold_partitions(%s::date[])", [[day]])
        for _ in range(2):  # The second time everything about it is in the session's caches.
            writer.execute(*held)
        [name] = partitions(url)
        hold = threading.Thread(target=writer.execute, args=held)
        with keeper.transaction():
            keeper.execute("select expire_rows(%s)", [name])
            hold.start()
            assert wait_until(lambda: waits(url), 10)
        hold.join()
        assert partitions(url) == [name]


def waits(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute("select from pg_locks where not granted").fetchall())


def test_a_late_row_is_not_lost_between_its_partition_and_its_copy(
    records: Servers, expire: Expire
) -> None:
    """Rows expire again and again while late events are written."""
    enough = threading.Event()

    def keep_expiring() -> None:
        while not enough.is_set():
            expire(3)

    async def write_late() -> int:
        database = Database(Settings(database_url=records.database_url), "test", configure=prepare)
        await database.open()
        writer = EventWriter(database)
        refused = 0
        try:
            for sequence in range(1, 61):
                events = [facebook(timestamp=at(moment)) for moment in (LONG_AGO, LATELY)]
                message = record(events, sequence)
                refused += len(await writer.write(rows(events, sequence), [message]))
        finally:
            await database.close()
        return refused

    keepers = [threading.Thread(target=keep_expiring) for _ in range(2)]
    for keeper in keepers:
        keeper.start()
    try:
        assert asyncio.run(write_late()) == 0
    finally:
        enough.set()
        for keeper in keepers:
            keeper.join()
    with psycopg.connect(records.database_url) as connection:
        [(present,)] = connection.execute("select count(*) from events").fetchall()
        [(expired,)] = connection.execute("select sum(events)::int from expired_rows").fetchall()
    assert present + expired == 120
    assert expired > 10
