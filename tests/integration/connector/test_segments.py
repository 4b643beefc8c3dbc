"""Segments have what rows have: what an older version stored, and what was written in trickles."""

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from builders import facebook, tiktok
from databases import login
from integration.connector import older
from integration.store.test_exactly_once import make, record, rows
from processes import serve
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from segments import differences_of_segments, segment_entries

from infra.connector import segment_folding
from infra.connector.segment_folding import SegmentFolder
from infra.connector.segment_merging import SegmentMerger
from infra.erasing.person import Person
from infra.erasing.records import Records
from infra.local.state import wait_until
from shared.events.model import SOURCES
from shared.segments.encoding import Segment
from shared.segments.hashing import text_hash
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.store.queries import query
from shared.store.segments import store_segment
from shared.store.writer import EventWriter

Event = dict[str, Any]
Work = Callable[[Database], Coroutine[None, None, None]]
START = datetime(2026, 3, 29, 11, 50, tzinfo=UTC)
ADA = "user-ada"


@pytest.fixture
def url(database_url: str) -> str:
    older.know_older_versions(database_url)
    return database_url


def run(url: str, work: Work, name: str = "test", *, kind: str = "connector") -> None:
    async def opened() -> None:
        database = Database(Settings(database_url=login(url, kind)), name, configure=prepare)
        await database.open()
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(opened())


def write(url: str, batches: list[list[Event]], first: int = 1, *, version: str = "test") -> None:
    """Write each batch as a message of its own."""

    async def work(database: Database) -> None:
        for number, batch in enumerate(batches, first):
            message = record(batch, number)
            message.published_at = START
            await EventWriter(database).write(rows(batch, number), [message])

    run(url, work, version, kind="collector")


def fold(url: str) -> None:
    run(url, lambda database: SegmentFolder(database).fold())


def merge(url: str) -> None:
    run(url, lambda database: SegmentMerger(database).merge())


def merge_often(url: str) -> None:
    for _ in range(6):
        merge(url)


def erase(url: str, moment: datetime, *, rows_too: bool = True) -> None:
    async def work() -> None:
        async with Records.of(url, Person(ADA, SOURCES)) as records:
            await records.record(moment)
            if rows_too:
                await records.anonymize(moment, lambda *_: None)

    asyncio.run(work())


def behind(url: str, start: datetime = START, types: tuple[int, ...] = tuple(range(15))) -> bool:
    values = {"types": list(types), "start": start, "end": start + timedelta(days=500)}
    with psycopg.connect(url) as connection:
        [(found,)] = connection.execute(query("segments_behind"), values).fetchall()
        return bool(found)


def numbers(url: str) -> dict[int, int]:
    """Return the numbers of all segments, and how many events each has."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute("select id, events from segments").fetchall())


def events(count: int, seed: int = 1) -> list[Event]:
    at_random = random.Random(seed)
    return [make(seed * 10_000 + number, at_random) for number in range(count)]


@contextmanager
def meanwhile(*works: Callable[[], None]) -> Iterator[None]:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


LONG_AGO = START - timedelta(days=365)


def test_what_an_older_version_stored_is_folded(url: str) -> None:
    sent = events(300)
    write(url, [sent[:100], sent[50:200]], version=older.NAME)
    write(url, [sent[150:]], 3)
    assert behind(url, LONG_AGO)
    assert differences_of_segments(url)
    fold(url)
    assert not behind(url, LONG_AGO)
    assert differences_of_segments(url) == []
    done = numbers(url)
    fold(url)
    assert numbers(url) == done


def test_a_report_is_behind_by_its_own_range_and_types(url: str) -> None:
    early, late = START + timedelta(hours=1), START + timedelta(days=91)
    write(url, [[facebook(timestamp=early.isoformat())]])
    assert not behind(url)
    write(url, [[facebook(timestamp=early.isoformat())]], 2, version=older.NAME)
    assert behind(url)
    assert behind(url, types=(1, 8))
    assert not behind(url, types=(8,))
    assert not behind(url, late)


def test_versions_and_folders_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_folding, "ROWS", 40)
    sent = [events(30, seed) for seed in range(1, 31)]
    with meanwhile(
        lambda: write(url, sent[:20], version=older.NAME),
        lambda: write(url, sent[10:], 100),
        lambda: fold(url),
    ):
        for _ in range(4):
            fold(url)
    fold(url)
    assert not behind(url, LONG_AGO)
    assert differences_of_segments(url) == []
    assert sum(numbers(url).values()) == 900


def test_an_unfinished_write_of_an_older_version_is_waited_for(url: str) -> None:
    write(url, [[facebook(timestamp=START.isoformat())]], version=older.NAME)
    with (
        psycopg.connect(url, application_name="hookstream older") as writer,
        psycopg.connect(url, autocommit=True) as looker,
    ):
        writer.execute(
            "insert into events select (jsonb_populate_record(e, '{\"stream_position\": 1}')).*"
            " from events e"
        )
        writer.execute("update rollup_types set events = events + 1")
        with meanwhile(lambda: fold(url)):
            waiting = "select from pg_locks where not granted"
            assert wait_until(lambda: looker.execute(waiting).fetchone() is not None, 20)
            writer.commit()
    assert not behind(url)
    assert differences_of_segments(url) == []


def test_what_somebody_is_changing_is_merged_the_next_time(url: str) -> None:
    write(url, [[facebook()] for _ in range(64)])
    with psycopg.connect(url) as holder:
        holder.execute("select from segments order by id desc limit 1 for update")
        merge(url)
        assert len(numbers(url)) == 64
    merge(url)
    assert len(numbers(url)) == 1


def test_ended_anywhere_the_next_goes_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [(START + timedelta(seconds=number)).isoformat() for number in range(100)]
    write(url, [[facebook(timestamp=moment) for moment in moments]], version=older.NAME)
    monkeypatch.setattr(segment_folding, "ROWS", 10)
    steps = [0]

    class EndedError(Exception):
        """Stands for the end of the process."""

    async def end(cursor: AsyncCursor[TupleRow], source: str, segment: Segment) -> None:
        await store_segment(cursor, source, segment)
        steps[0] += 1
        if steps[0] in {3, 5}:
            raise EndedError

    monkeypatch.setattr(segment_folding, "store_segment", end)
    for done in (20, 30):
        with pytest.raises(EndedError):
            fold(url)
        assert sum(numbers(url).values()) == done
    fold(url)
    assert steps == [12]
    assert differences_of_segments(url) == []


def test_more_rows_of_one_moment_than_a_step_takes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_folding, "ROWS", 5)
    moments = [START] * 12 + [START + timedelta(microseconds=1)]
    sent = [tiktok(timestamp=moment.isoformat()) for moment in moments]
    write(url, [sent], version=older.NAME)
    fold(url)
    assert differences_of_segments(url) == []


def test_the_same_place_of_another_stream_is_another_event(url: str) -> None:
    write(url, [[facebook(timestamp=START.isoformat())]], 7)
    write(url, [[facebook(timestamp=START.isoformat())]], 7, version=older.NAME)
    fold(url)
    assert sum(numbers(url).values()) == 2


@pytest.mark.parametrize("rows_too", [True, False])
def test_who_was_erased_is_not_folded_in(url: str, *, rows_too: bool) -> None:
    """Be their rows gone through already, or only their tombstone there."""
    mine = facebook("checkout.complete", userId=ADA, timestamp=START.isoformat())
    write(url, [[mine, facebook(timestamp=START.isoformat())]], version=older.NAME)
    erase(url, START, rows_too=rows_too)
    fold(url)
    assert {entry.person for entry in segment_entries(url)} >= {0}
    assert text_hash(ADA) not in {entry.person for entry in segment_entries(url)}
    erase(url, START)
    assert differences_of_segments(url) == []


def test_who_came_back_is_folded_in(url: str) -> None:
    write(url, [[facebook(userId=ADA, timestamp=START.isoformat())]], version=older.NAME)
    erase(url, START - timedelta(hours=1))
    fold(url)
    assert [entry.person for entry in segment_entries(url)] == [text_hash(ADA)]


def test_quarters_whose_rows_are_gone_are_not_behind(url: str) -> None:
    write(url, [[facebook(timestamp=START.isoformat())]], version=older.NAME)
    with psycopg.connect(url) as connection:
        connection.execute("select expire_rows(inhrelid::regclass::text) from pg_inherits")
    assert not behind(url, LONG_AGO)
    fold(url)
    assert numbers(url) == {}


def test_a_trickle_is_merged(url: str) -> None:
    write(url, [[event] for event in events(200)])
    before = segment_entries(url)
    sources = {entry.source: 0 for entry in before}
    for entry in before:
        sources[entry.source] += 1
    assert len(numbers(url)) == 200
    merge(url)
    assert sorted(numbers(url).values()) == sorted(sources.values())
    assert segment_entries(url) == before
    assert differences_of_segments(url) == []


def test_few_or_large_ones_are_left_alone(url: str) -> None:
    write(url, [[facebook()] for _ in range(63)])
    write(url, [[facebook() for _ in range(2_048)]], 100)
    done = numbers(url)
    merge(url)
    assert numbers(url) == done
    write(url, [[facebook()]], 200)
    merge(url)
    assert sorted(numbers(url).values()) == [64, 2_048]


def test_a_merged_segment_has_8192_events_at_most(url: str) -> None:
    write(url, [[facebook() for _ in range(1_500)] for _ in range(2)])
    with psycopg.connect(url) as connection:
        for _ in range(5):
            connection.execute(
                "insert into segments (source, first_at, last_at, events, occurred_at, type_id,"
                " stream_sequence, stream_position) select source, first_at, last_at, events,"
                " occurred_at, type_id, stream_sequence, stream_position from segments"
            )
    assert len(numbers(url)) == 64
    merge(url)
    assert sorted(numbers(url).values()) == [1_500] * 59 + [7_500]


def test_merging_while_others_write_merge_and_erase(url: str) -> None:
    sent = [[facebook(userId=ADA if n % 9 else f"u{n}")] for n in range(400)]
    write(url, sent[:150])
    with meanwhile(
        lambda: write(url, sent[150:], 1_000),
        lambda: merge_often(url),
        lambda: erase(url, START),
    ):
        merge_often(url)
    merge(url)
    assert len(numbers(url)) < 100
    assert text_hash(ADA) not in {entry.person for entry in segment_entries(url)}
    assert differences_of_segments(url) == []


def test_the_connector_does_both(nats_url: str, url: str) -> None:
    write(url, [[facebook()] for _ in range(70)])
    write(url, [[tiktok()]], 100, version=older.NAME)
    environment = {"NATS_URL": nats_url, "DATABASE_URL": login(url, "connector")}
    with serve("infra.connector", environment=environment):
        assert wait_until(lambda: sorted(numbers(url).values()) == [1, 70], 30)
    assert differences_of_segments(url) == []
