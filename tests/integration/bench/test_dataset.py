"""A small data set: what the writer of the product would have stored."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from integration.store.test_exactly_once import differences

from infra.bench.dataset import Dataset, build

END = datetime(2026, 3, 29, 12, tzinfo=UTC)
EVENTS = 11_300


@pytest.fixture
def tables(database_url: str) -> psycopg.Connection:
    dataset = Dataset(database_url=database_url, events=EVENTS, window=timedelta(hours=2), end=END)
    assert list(build(dataset, processes=2))[-1] == EVENTS
    return psycopg.connect(database_url, autocommit=True)


def test_rows_identities_rollups_and_ledger_agree(
    tables: psycopg.Connection, database_url: str
) -> None:
    with tables:
        counts = [
            tables.execute(statement).fetchall()
            for statement in (
                b"select count(*) from events",
                b"select count(*) from event_keys",
                b"select sum(events)::int from rollup_types",
                b"select sum(stored)::int from messages where stored = events",
            )
        ]
        assert counts == [[(EVENTS,)]] * 4
        assert differences(database_url) == []
        [(first, last)] = tables.execute("select min(occurred_at), max(occurred_at) from events")
    assert END - timedelta(hours=2) <= first
    assert last < END


def test_it_is_as_various_as_what_the_publisher_sends(tables: psycopg.Connection) -> None:
    with tables:
        [(users, campaigns, countries, types, width)] = tables.execute("""
            select
                count(distinct user_id),
                count(distinct raw::jsonb #>> '{data,engagement,campaignId}'),
                count(distinct coalesce(
                    raw::jsonb #>> '{data,user,location,country}',
                    raw::jsonb #>> '{data,engagement,country}'
                )),
                count(distinct type_id),
                avg(length(raw))::int
            from events
        """)
    assert users == EVENTS
    assert campaigns > 0.2 * EVENTS
    assert countries > 230
    assert types == 14
    assert 350 < width < 500
