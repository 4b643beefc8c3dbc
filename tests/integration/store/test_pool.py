import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest

from infra.local.servers import RunningServer
from shared.errors import Problem
from shared.settings import Settings
from shared.store.pool import Connection, Database

SettingsMaker = Callable[..., Settings]


@asynccontextmanager
async def opened(chosen: Settings) -> AsyncIterator[Database]:
    database = Database(chosen, "test")
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def one(connection: Connection, text: str) -> object:
    cursor = await connection.execute(text.encode())
    row = await cursor.fetchone()
    return row and row[0]


async def ready_again(database: Database, patience: float = 20) -> None:
    """Return when the database answers. Raises Problem when it does not in time."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return await database.ping()
        except Problem:
            if time.monotonic() > deadline:
                raise


def test_a_transaction_commits_or_rolls_back(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> object:
        async with opened(chosen(database_url)) as database:
            async with database.transaction() as connection:
                await connection.execute("create table kept (id int)")
            with pytest.raises(ZeroDivisionError):
                await fail_after_insert(database)
            async with database.transaction() as connection:
                return await one(connection, "select count(*) from kept")

    assert asyncio.run(scenario()) == 0


async def fail_after_insert(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("insert into kept values (1)")
        raise ZeroDivisionError


def test_a_snapshot_shows_one_moment(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> list[object]:
        async with opened(chosen(database_url)) as database:
            async with database.transaction() as connection:
                await connection.execute("create table seen (id int)")
            async with database.snapshot() as snapshot:
                before = await one(snapshot, "select count(*) from seen")
                async with database.transaction() as connection:
                    await connection.execute("insert into seen values (1)")
                return [before, await one(snapshot, "select count(*) from seen")]

    assert asyncio.run(scenario()) == [0, 0]


def test_a_snapshot_cannot_write_and_leaves_no_trace_on_its_connection(
    database_url: str, chosen: SettingsMaker
) -> None:
    async def scenario() -> tuple[object, object, object]:
        async with opened(chosen(database_url, database_pool_size=1)) as database:
            async with database.snapshot() as snapshot:
                limited = await one(snapshot, "show statement_timeout")
            with pytest.raises(Problem):
                async with database.snapshot() as snapshot:
                    await snapshot.execute("create table forbidden (id int)")
            async with database.transaction() as connection:
                await connection.execute("create table allowed (id int)")
                level = await one(connection, "show transaction_isolation")
                return limited, await one(connection, "show statement_timeout"), level

    assert asyncio.run(scenario()) == ("5s", "0", "read committed")


def test_a_server_that_only_reads_by_now_is_left(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> object:
        async with opened(chosen(database_url, database_pool_size=1)) as database:
            async with database.transaction() as connection:
                await connection.execute("create table taken (id int)")
                await connection.execute("set session characteristics as transaction read only")
            with pytest.raises(Problem, match="database_unavailable"):
                await insert_into_taken(database)
            await insert_into_taken(database)
            async with database.transaction() as connection:
                return await one(connection, "select count(*) from taken")

    assert asyncio.run(scenario()) == 1


async def insert_into_taken(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("insert into taken values (1)")


def test_a_statement_that_takes_too_long(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> None:
        async with opened(chosen(database_url, statement_timeout=0.05)) as database:
            with pytest.raises(Problem, match="query_timeout"):
                async with database.snapshot() as snapshot:
                    await snapshot.execute("select pg_sleep(60)")
            await database.ping()

    asyncio.run(scenario())


def test_many_statements_that_together_take_too_long(
    database_url: str, chosen: SettingsMaker
) -> None:
    async def scenario() -> None:
        brief = chosen(database_url, statement_timeout=0.2, database_timeout=0.3)
        async with opened(brief) as database:
            with pytest.raises(Problem, match="query_timeout"):
                await read_without_end(database)
            await ready_again(database)

    asyncio.run(scenario())


async def read_without_end(database: Database) -> None:
    async with database.snapshot() as snapshot:
        while True:
            await snapshot.execute("select pg_sleep(0.1)")


def test_a_pool_without_a_free_connection(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> None:
        brief = chosen(database_url, database_pool_size=1, database_timeout=0.2)
        async with opened(brief) as database:
            await ready_again(database)
            async with database.transaction():
                with pytest.raises(Problem, match="database_unavailable"):
                    async with database.transaction():
                        pass
            await database.ping()

    asyncio.run(scenario())


def test_a_schema_that_is_not_there_yet(empty_database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> None:
        async with opened(chosen(empty_database_url)) as database:
            with pytest.raises(Problem, match=r"database_unavailable.*older"):
                async with database.snapshot() as snapshot:
                    await snapshot.execute("select count(*) from events")

    asyncio.run(scenario())


def test_errors_about_values_pass_unchanged(database_url: str, chosen: SettingsMaker) -> None:
    async def scenario() -> None:
        async with opened(chosen(database_url)) as database:
            with pytest.raises(psycopg.errors.NumericValueOutOfRange):
                async with database.transaction() as connection:
                    await connection.execute("select 70000::smallint")

    asyncio.run(scenario())


def test_opens_without_a_server_and_finds_it_later(
    postgres: RunningServer, chosen: SettingsMaker
) -> None:
    async def scenario() -> None:
        async with opened(chosen(postgres.url, database_timeout=0.3)) as database:
            with pytest.raises(Problem, match="database_unavailable"):
                await database.ping()
            await asyncio.to_thread(postgres.start)
            await ready_again(database)

    postgres.stop()
    asyncio.run(scenario())


async def by_snapshot(database: Database) -> object:
    async with database.snapshot() as connection:
        return await one(connection, "select 1")


async def by_transaction(database: Database) -> object:
    async with database.transaction() as connection:
        return await one(connection, "select 1")


async def by_glance(database: Database) -> object:
    return await database.glance(lambda connection: one(connection, "select 1"))


@pytest.mark.parametrize("use", [by_snapshot, by_transaction, by_glance])
def test_a_restart_between_uses_is_not_noticed(
    postgres: RunningServer,
    chosen: SettingsMaker,
    use: Callable[[Database], Awaitable[object]],
) -> None:
    async def scenario() -> list[object]:
        async with opened(chosen(postgres.url, database_pool_size=4)) as database:
            await asyncio.gather(*(occupy(database) for _ in range(4)))
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(postgres.start)
            return [await use(database) for _ in range(4)]

    assert asyncio.run(scenario()) == [1, 1, 1, 1]


async def occupy(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("select pg_sleep(0.05)")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_ends_during_a_transaction(
    postgres: RunningServer, chosen: SettingsMaker, end: str
) -> None:
    async def scenario() -> None:
        async with opened(chosen(postgres.url)) as database:
            with pytest.raises(Problem, match="database_unavailable"):
                await use_while(database, getattr(postgres, end))
            await asyncio.to_thread(postgres.start)
            await ready_again(database)

    asyncio.run(scenario())


async def use_while(database: Database, happens: Callable[[], None]) -> None:
    async with database.transaction() as connection:
        await connection.execute("select 1")
        await asyncio.to_thread(happens)
        await connection.execute("select 1")


PROGRAM = """
import asyncio, sys
from shared.errors import Problem
from shared.settings import Settings
from shared.store.pool import Database
from shared.telemetry import configure_logging

async def main():
    database = Database(Settings(database_url=sys.argv[1], database_timeout=2), "test")
    await database.open()
    try:
        await database.ping()
    except Problem as problem:
        assert problem.kind.code == "database_unavailable"
    await database.close()

configure_logging("test", "INFO")
asyncio.run(main())
"""


def test_what_is_said_of_a_database_that_is_away_goes_to_the_log(away_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, away_url],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["level"] for line in lines} == {"WARNING"}
    assert len(lines) < 10
    assert done.stderr == ""
