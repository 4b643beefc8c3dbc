"""The stages of an event's way and the machine's limits, on real servers."""

import asyncio
from collections.abc import Iterator

import nats
import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from infra.bench import copying
from infra.bench.copying import copy_rows_again
from infra.bench.disk import sizes
from infra.bench.meters import Meter
from infra.bench.noop_load import post_to_noop
from infra.bench.path import REST, accept, collect, compress, invoke
from infra.bench.scratch import scratch_database
from infra.bench.stages import measure, stage_sheet
from infra.bench.workload import bodies
from infra.local.servers import Servers
from shared.settings import Settings

STAGES = {
    "ingest: split", "ingest: validate", "ingest: pack", "ingest: compress, checksum",
    "ingest: publish", "connector: pull, acknowledge", "connector: inflate",
    "connector: encode call", "collector: decode call", "collector: decode events",
    "collector: build rows", REST, "store: ensure_partition", "store: erased_since",
    "store: new_keys", "store: copy", "store: rollup", "store: seconds", "store: messages",
    "store: segment", "store: columns",
}  # fmt: skip
EVENTS = 3_000


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


def names_of_streams(url: str) -> set[str]:
    async def read() -> set[str]:
        client = await nats.connect(url)
        found = {str(info.config.name) for info in await client.jetstream().streams_info()}
        await client.close()
        return found

    return asyncio.run(read())


def test_every_stage_is_metered_and_nothing_stays(
    servers: Servers, nats_url: str, database_url: str
) -> None:
    before = databases(database_url), names_of_streams(nats_url)
    meter = Meter()
    work = measure(meter, EVENTS, 500, nats_url, database_url, servers.nats.pid)
    asyncio.run(work)
    assert set(meter.spent) == STAGES
    assert all(spent.here >= 0 for spent in meter.spent.values())
    with_server = {name for name, spent in meter.spent.items() if spent.server is not None}
    assert with_server == {
        name
        for name in STAGES - {"store: columns"}
        if name.startswith("store: ") or "publish" in name or "pull" in name
    }
    keys = meter.spent["store: new_keys"]
    assert keys.server is not None
    assert keys.server > keys.here
    assert (databases(database_url), names_of_streams(nats_url)) == before
    rows = stage_sheet(meter.spent, EVENTS).rows
    assert rows["ingest: validate"][0] == meter.spent["ingest: validate"].here * 1e6 / EVENTS


@pytest.fixture
def stored(database_url: str) -> Iterator[str]:
    with scratch_database(database_url) as scratch:
        meter, limits = Meter(), Settings()
        messages = compress(meter, accept(meter, bodies(EVENTS, 1_000), limits))
        calls = invoke(meter, messages, limits)
        assert asyncio.run(collect(meter, calls, scratch)) == EVENTS
        yield scratch


@pytest.mark.parametrize("writers", [1, 2])
def test_the_same_rows_are_copied_again(
    stored: str, writers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_ROWS", EVENTS // 4)

    async def again() -> float | None:
        return await copy_rows_again(stored, EVENTS, writers)()

    server = asyncio.run(again())
    assert server is not None
    assert server > 0
    with psycopg.connect(stored) as connection:
        for table in ("events", "bench_rows"):
            counts = SQL("select count(*), count(distinct event_id) from {}")
            found = connection.execute(counts.format(Identifier(table))).fetchone()
            assert found == (EVENTS, EVENTS)


def test_disk_is_that_of_tables_with_partitions_and_indexes(stored: str) -> None:
    found = sizes(stored)
    assert {"events", "event_keys", "messages", "rollup_types"} <= set(found)
    assert found["events"] > EVENTS * 400
    with psycopg.connect(stored) as connection:
        keys = connection.execute("select pg_total_relation_size('event_keys')").fetchone()
    assert keys == (found["event_keys"],)


def test_the_handler_that_does_nothing_answers_all() -> None:
    assert asyncio.run(post_to_noop(bodies(500, 10))) > 0
