"""What each login may not do is refused, action by action; and who makes the roles."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from databases import empty_database, login
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from infra.cli import app
from infra.local.servers import Servers
from shared.errors import Problem
from shared.settings import Settings
from shared.store.kinds import KINDS, group
from shared.store.migrations import migrate
from shared.store.pool import Database
from shared.store.roles import RolesError, establish, grant

EVERYBODY: dict[LiteralString, LiteralString] = {
    "make tables": "create table own (one int)",
    "make temporary tables": "create temporary table own (one int)",
    "make functions": "create function own() returns int language sql as 'select 1'",
    "make schemas": "create schema own",
    "drop tables": "drop table messages",
    "drop partitions": "drop table events_200102",
    "change tables": "alter table messages add column more text",
    "empty tables": "truncate rollup_types",
    "read raw events": "select raw from events",
    "read who an event is of by its id": "select event_id from events",
    "read partitions past their parent": "select * from events_200102",
    "write partitions past their parent": "insert into events_200102 default values",
    "change events": "update events set revenue = 1",
    "delete events": "delete from events",
    "delete identities": "delete from event_keys",
    "forget messages": "delete from messages",
    "delete counts": "delete from rollup_types",
    "change days": "update rollup_days set events = 0",
    "add days": "insert into rollup_days default values",
    "read all of the keys": "select * from api_keys",
    "read whose key one is": "select name from api_keys",
    "make keys": "insert into api_keys (id) values ('mine')",
    "make keys valid again": "update api_keys set revoked_at = null",
    "delete keys": "delete from api_keys",
    "erase": "select erase_rows('events_200102', 'user', '{1}', now())",
    "record erasures": "select record_erasure(array[gen_random_uuid()], now())",
    "bring erased persons back": "delete from erased_users",
    "say what is migrated": "insert into schema_migrations (name) values ('0099_mine')",
    "forget what expired": "delete from expired_rows",
    "change what event types are": "update event_types set has_revenue = true",
    "hold up all writers": "lock table events in share mode",
    "switch triggers off": "alter table rollup_types disable trigger all",
    "call triggers": "select hold_days('{1}')",
    "let in whom they like": "create role mine login",
    "be the owner": "set role hookstream",
    "take another's place": "set session authorization hookstream",
    "read the server's files": "select pg_read_file('postgresql.conf')",
    "run programs": "copy api_keys to program 'true'",
    "read passwords": "select rolpassword from pg_authid",
}
"""What no login but the owner's may do."""

FORBIDDEN: dict[str, dict[LiteralString, LiteralString]] = {
    "collector": {
        "read times of events": "select occurred_at from events",
        "read segments": "select id from segments",
        "change segments": "update segments set events = 0",
        "delete segments": "delete from segments",
        "move counts": "update rollup_types set bucket = now()",
        "read which keys are valid": "select digest from api_keys",
        "let rows expire": "select expire_rows('events_200102')",
        "say how far the stream is processed": "insert into watermarks default values",
        "say how the pipeline stands": "update pipeline set dead_letters = 0",
        "read requests' ids": "select correlation_ids from messages",
        "move messages": "update messages set published_at = now()",
        "change identities": "update event_keys set key = gen_random_uuid()",
        "roll seconds up": "select roll_up_seconds(now())",
        "hide changes of rows": "update row_changes set number = 0",
        "hold up reports": "lock table reported_events in access share mode",
    },
    "reader": {
        "add events": "insert into events default values",
        "add identities": "insert into event_keys values (gen_random_uuid())",
        "read who an event is of": "select user_id from events",
        "read identities": "select key from event_keys",
        "read tombstones": "select tombstone from erased_users",
        "add to counts": "insert into rollup_types default values",
        "change counts": "update rollup_types set events = 0",
        "change seconds": "update rollup_seconds set events = 0",
        "lock counts": "select from rollup_types for update",
        "add segments": "insert into segments default values",
        "change segments": "update segments set events = 0",
        "delete segments": "delete from segments",
        "add messages": "insert into messages default values",
        "read requests' ids": "select correlation_ids from messages",
        "say how far the stream is processed": "update watermarks set as_of = now()",
        "say how the pipeline stands": "update pipeline set dead_letters = 0",
        "hide changes of rows": "update row_changes set number = 0",
        "make partitions": "select ensure_partition('2001-02-04')",
        "let rows expire": "select expire_rows('events_200102')",
        "hold up retention": "select hold_partitions('{2001-02-04}')",
        "roll seconds up": "select roll_up_seconds(now())",
        "hold up erasure": "select erased_since(now())",
    },
    "connector": {
        "add events": "insert into events default values",
        "add identities": "insert into event_keys values (gen_random_uuid())",
        "add to counts": "insert into rollup_types default values",
        "change counts": "update rollup_types set events = 0",
        "change seconds": "update rollup_seconds set events = 0",
        "delete seconds": "delete from rollup_seconds",
        "change segments": "update segments set events = 0",
        "change messages": "update messages set events = 0",
        "forget watermarks": "delete from watermarks",
        "make partitions": "select ensure_partition('2001-02-04')",
        "hide changes of rows": "update row_changes set number = 0",
        "record what expired": "insert into expired_rows default values",
    },
}
ACTIONS = [
    pytest.param(kind, statement, id=f"{kind} may not {action}")
    for kind in KINDS
    for action, statement in (EVERYBODY | FORBIDDEN[kind]).items()
]


@pytest.fixture(scope="module")
def owner_url(servers: Servers) -> Iterator[str]:
    """Return the owner's URL of a database with a partition."""
    with empty_database(servers.postgres.url) as url:
        migrate(url)
        grant(url)
        with psycopg.connect(url) as connection:
            connection.execute("select ensure_partition('2001-02-03')")
        yield url


@pytest.fixture(scope="module")
def sessions(owner_url: str) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """Return a connection of each kind's login."""
    opened = {kind: psycopg.connect(login(owner_url, kind)) for kind in KINDS}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.mark.parametrize(("kind", "statement"), ACTIONS)
def test_refused(
    sessions: dict[str, psycopg.Connection[Any]], kind: str, statement: LiteralString
) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        sessions[kind].transaction(force_rollback=True),
    ):
        sessions[kind].execute(statement)


def functions(connection: psycopg.Connection[Any], condition: LiteralString) -> set[str]:
    ours = SQL("select proname from pg_proc where pronamespace = 'public'::regnamespace and {}")
    return {name for (name,) in connection.execute(ours.format(SQL(condition)))}


def test_functions_are_not_for_everybody_even_before_there_are_roles(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert functions(connection, "has_function_privilege('public', oid, 'execute')") == set()
        assert functions(connection, "true") > {"ensure_partition", "expire_rows"}


def test_what_runs_with_the_owners_rights_says_itself_where_names_are(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        definers = functions(connection, "prosecdef")
        assert definers == {
            "ensure_partition",
            "expire_rows",
            "roll_up_seconds",
            "roll_up_inserted",
            "roll_up_updated",
            "roll_up_deleted",
        }
        path = "'search_path=public, pg_temp' = any(proconfig)"
        assert functions(connection, path) == definers


def test_the_connector_lets_nothing_expire_but_partitions_of_events(
    sessions: dict[str, psycopg.Connection[Any]], owner_url: str
) -> None:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("create table precious (occurred_at timestamptz, type_id int, revenue int)")
        for name in ("precious", "events", "segments", "nowhere", 'x"; drop table precious; --'):
            with sessions["connector"].transaction(force_rollback=True):
                found = sessions["connector"].execute("select expire_rows(%s)", (name,))
                assert found.fetchone() == (0,)
        owner.execute("select from precious, segments, events")


def test_a_snapshot_holds_events_and_no_partition(owner_url: str) -> None:
    """Reports lock events without a right to read it: rows do not expire while they look."""

    async def held() -> set[str]:
        database = Database(Settings(database_url=login(owner_url, "reader")), "test")
        await database.open()
        try:
            async with database.snapshot() as connection:
                cursor = await connection.execute(
                    "select relation::regclass::text from pg_locks"
                    " where pid = pg_backend_pid() and relation >= 16384"
                )
                return {name for (name,) in await cursor.fetchall()}
        finally:
            await database.close()

    assert asyncio.run(held()) == {"events", "reported_events"}


def test_rights_that_an_older_version_gave_are_taken_back(empty_database_url: str) -> None:
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as owner:
        owner.execute("grant all on all tables in schema public to hookstream_reader")
        owner.execute("grant select (name) on api_keys to hookstream_reader")
        owner.execute("grant all on all functions in schema public to hookstream_reader")
    assert grant(empty_database_url) == [group(kind) for kind in KINDS]
    with psycopg.connect(login(empty_database_url, "reader")) as reader:
        for statement in (
            "delete from messages",
            "select name from api_keys",
            "select ensure_partition('2001-02-04')",
        ):
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                reader.transaction(force_rollback=True),
            ):
                reader.execute(statement.encode())


def test_without_rights_a_login_waits_for_the_owner(empty_database_url: str) -> None:
    """A collector that is newer than the schema says so, and no event of its is given up."""
    with pytest.raises(Problem, match="database_unavailable") as caught:
        migrate(login(empty_database_url, "collector"))
    assert "hookstream migrate" in str(caught.value.detail)
    migrate(empty_database_url)
    grant(empty_database_url)
    assert migrate(login(empty_database_url, "collector")) == []


def test_who_may_not_make_roles_is_told_whom_to_ask(
    owner_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RolesError, match=r"hookstream may not make roles .*hookstream_reader"):
        establish(owner_url, {"reader": "secret-1"})
    monkeypatch.setenv("DATABASE_LOGINS", "reader:secret-1")
    done = CliRunner().invoke(app, ["migrate", "--roles", "--database-url", owner_url])
    assert done.exit_code == 1
    assert "groups.sql" in done.stderr
    assert "secret-1" not in done.output


def password(owner_url: str, kind: str) -> str:
    path = str(conninfo_to_dict(login(owner_url, kind))["passfile"])
    return Path(path).read_text().strip().rpartition(":")[2]


def test_logins_that_work_are_left_alone(owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the owner need not be able to make roles where somebody else has made them."""
    monkeypatch.setenv("DATABASE_LOGINS", ",".join(f"{k}:{password(owner_url, k)}" for k in KINDS))
    done = CliRunner().invoke(app, ["migrate", "--roles", "--json", "--database-url", owner_url])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"applied": [], "roles": [group(kind) for kind in KINDS]}


def test_metrics_see_the_transactions_of_every_login(
    sessions: dict[str, psycopg.Connection[Any]], owner_url: str
) -> None:
    with psycopg.connect(owner_url) as owner, sessions["connector"].transaction() as _:
        owner.execute("select 1")
        found = sessions["connector"].execute(
            "select count(xact_start) from pg_stat_activity where pid = %s",
            (owner.info.backend_pid,),
        )
        assert found.fetchone() == (1,)


def test_each_database_is_its_own(servers: Servers) -> None:
    """What one database's groups may do gives nothing in another one, not even to enter it."""
    with empty_database(servers.postgres.url) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            name = SQL("revoke connect on database {} from public")
            owner.execute(name.format(Identifier(owner.info.dbname)))
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(login(url, "reader"))
