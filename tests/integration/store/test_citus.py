"""What docs/citus.md says of tables and queries is all that there is to say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from citus import Plan, constructs, functions, refused, tables, triggered
from psycopg.sql import SQL, Identifier

from shared.store.queries import SCHEMA

PAGE = Path(__file__).parents[3] / "docs" / "citus.md"
SPOILED = {
    "create unique index spoiled on events (occurred_at, event_id)": "unique",
    "alter table messages add constraint spoiled unique (published_at)": "unique",
    "alter table event_keys drop constraint event_keys_pkey, add more int,"
    " add constraint spoiled primary key (more)": "unique",
    "alter table events add constraint spoiled"
    " foreign key (type_id) references event_types (id)": "foreign key",
    "create trigger spoiled before insert on messages"
    " for each row execute function suppress_redundant_updates_trigger()": "trigger",
    "create rule spoiled as on insert to messages do instead nothing": "rule",
    "create table spoiled partition of events for values from ('2001-01-01') to ('2001-01-02')"
    " partition by hash (type_id)": "partitions",
    "create table spoiled () inherits (messages)": "inheritance",
    "alter table messages add spoiled integer generated always as identity": "sequence",
    "alter table messages add spoiled serial": "sequence",
}
"""What each statement would bring in."""


def table(heading: str) -> list[list[str]]:
    """Return the cells of the page's table below a heading."""
    section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def plan() -> Plan:
    rows = table("Tables")
    return {name.strip("`"): by.strip("`") for name, how, by in rows if how == "distributed"}


@pytest.fixture
def catalog(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select ensure_partition('2001-02-03')")
        yield connection


def test_every_table_has_its_place(catalog: psycopg.Connection[Any]) -> None:
    rows = table("Tables")
    assert {name.strip("`") for name, _, _ in rows} == tables(catalog)
    assert {how for _, how, _ in rows} == {"distributed", "reference", "local"}
    for name, column in plan().items():
        names = {"column": Identifier(column), "table": Identifier(name)}
        catalog.execute(SQL("select {column} from {table} limit 0").format(**names))


def test_citus_refuses_nothing_of_what_is_distributed(catalog: psycopg.Connection[Any]) -> None:
    assert refused(catalog, plan()) == set()


def test_a_construct_that_citus_refuses_is_found(catalog: psycopg.Connection[Any]) -> None:
    for statement, construct in SPOILED.items():
        with catalog.transaction(force_rollback=True):
            catalog.execute(statement.encode())
            [(found, name)] = refused(catalog, plan())
        assert construct in found
        assert name == "spoiled"


def texts(catalog: psycopg.Connection[Any]) -> dict[str, str]:
    """Return every query and function by the name that the page has for it."""
    queries = {path.stem: path.read_text() for path in (SCHEMA / "queries").glob("*.sql")}
    return {**queries, **dict(functions(catalog))}


def test_every_construct_is_on_the_page(catalog: psycopg.Connection[Any]) -> None:
    said: dict[str, set[str]] = {}
    for construct, where, _ in table("What changes"):
        said.setdefault(construct, set()).update(re.findall(r"`([^`]+)`", where))
    assert said == {**constructs(texts(catalog)), "trigger": triggered(catalog)}


def test_a_new_construct_is_found(catalog: psycopg.Connection[Any]) -> None:
    known = constructs(texts(catalog))
    for text in (
        "select from events for no key update",
        "select count(*) from events tablesample system (1)",
        "with recursive a as (select 1) select * from a",
        "select 1 from events group by grouping sets ((type_id), ())",
        "select rank() over (order by occurred_at) from events",
        "merge into messages using x on true when matched then do nothing",
        "select from events natural left join messages",
    ):
        assert constructs({**texts(catalog), "new": text}) != known


UPDATE = re.compile(r"\bupdate\b.*?\bset\b(.*?)(?:\bwhere\b|\Z)", re.DOTALL | re.IGNORECASE)


def test_no_query_changes_a_distribution_column(catalog: psycopg.Connection[Any]) -> None:
    updates = {name: UPDATE.findall(text) for name, text in texts(catalog).items()}
    assert updates["erase_rows()"]
    assert updates["store_messages"]
    for name, sets in updates.items():
        for each in sets:
            assert not re.search(r"\b(key|stream_sequence)\s*=", each), name
