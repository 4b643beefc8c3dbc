import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import psycopg
import pytest

from infra.local.state import wait_until
from shared.errors import Problem
from shared.store.migrations import MigrationError, migrate, pending
from shared.store.queries import SCHEMA

SHIPPED = [path.stem for path in sorted((SCHEMA / "migrations").glob("*.sql"))]
GATE = 7_001

PROGRAM = """
import sys
from pathlib import Path
from shared.store.migrations import migrate
import msgspec
folder = [Path(name) for name in sys.argv[2:]]
sys.stdin.readline()
print(msgspec.json.encode(migrate(sys.argv[1], *folder)).decode())
"""


def migration_process(url: str, *folder: Path) -> "subprocess.Popen[str]":
    """Start a process that migrates when told so by a line."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, *map(str, folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        return {name for (name,) in rows}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text)
    return folder


def test_applies_everything_once(empty_database_url: str) -> None:
    assert pending(empty_database_url) == SHIPPED
    assert migrate(empty_database_url) == SHIPPED
    assert pending(empty_database_url) == []
    assert migrate(empty_database_url) == []
    assert {"events", "event_keys", "rollup_types"} <= tables(empty_database_url)


def test_asking_what_is_pending_changes_nothing(empty_database_url: str) -> None:
    pending(empty_database_url)
    assert tables(empty_database_url) == set()


def test_four_processes_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    processes = [migration_process(empty_database_url) for _ in range(4)]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    applied = [name for answer in answers for name in msgspec.json.decode(answer)]
    assert sorted(applied) == SHIPPED


def test_files_apply_in_the_order_of_their_names(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, b="alter table one add column two text", a="create table one (id int)")
    assert migrate(empty_database_url, tmp_path) == ["a", "b"]
    write(tmp_path, c="create table three (id int)")
    assert migrate(empty_database_url, tmp_path) == ["c"]


def test_a_wrong_file_leaves_nothing_of_itself(empty_database_url: str, tmp_path: Path) -> None:
    write(tmp_path, a="create table good (id int)", b="create table half (id int); select nope")
    with pytest.raises(MigrationError, match=r"b\.sql"):
        migrate(empty_database_url, tmp_path)
    assert tables(empty_database_url) == {"good", "schema_migrations"}
    write(tmp_path, b="create table whole (id int)")
    assert migrate(empty_database_url, tmp_path) == ["b"]


def test_killed_in_the_middle_it_can_be_applied_again(
    empty_database_url: str, tmp_path: Path
) -> None:
    write(
        tmp_path,
        a=f"create table half (id int); select pg_advisory_xact_lock({GATE});"
        " create table whole (id int)",
    )
    with psycopg.connect(empty_database_url, autocommit=True) as gate:
        gate.execute("select pg_advisory_lock(%s)", (GATE,))
        process = migration_process(empty_database_url, tmp_path)
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        assert wait_until(lambda: waiting_at_the_gate(gate), 30)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert wait_until(lambda: not waiting_at_the_gate(gate), 30)
    assert tables(empty_database_url) == set()
    assert migrate(empty_database_url, tmp_path) == ["a"]
    assert tables(empty_database_url) == {"half", "whole", "schema_migrations"}


def waiting_at_the_gate(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "select from pg_locks where locktype = 'advisory' and objid = %s and not granted", (GATE,)
    )
    return found.fetchone() is not None


def test_a_database_that_is_away_is_a_problem(away_url: str) -> None:
    for call in (migrate, pending):
        with pytest.raises(Problem) as caught:
            call(away_url)
        assert caught.value.kind.code == "database_unavailable"
