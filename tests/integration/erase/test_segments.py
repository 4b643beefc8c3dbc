"""A person who is erased is in no segment, except by what they did afterwards."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from builders import facebook, tiktok
from integration.erase.conftest import ADA, NAMES, ada, ada_on_tiktok
from integration.erase.test_interruptions import store, streams_moment, waits_for_a_row
from integration.erase.traces import traces
from integration.store.test_exactly_once import record
from psycopg.sql import SQL, Identifier
from records import Servers
from segments import differences_of_segments, segment_entries

from infra.erasing.person import Person
from infra.erasing.records import Records
from infra.local.state import wait_until
from shared.events.model import SOURCES
from shared.segments.columns import COLUMNS
from shared.segments.hashing import text_hash

Erase = Callable[..., dict[str, Any]]


def persons(url: str) -> dict[int, int]:
    """Return how many events segments have of each person."""
    found: dict[int, int] = {}
    for entry, times in segment_entries(url).items():
        found[entry.person] = found.get(entry.person, 0) + times
    return found


def changes(url: str) -> int:
    with psycopg.connect(url) as connection:
        [(number,)] = connection.execute("select number from row_changes").fetchall()
        return int(number)


@pytest.fixture
def mixed(records: Servers) -> Servers:
    """Return servers with one segment that has the person before and after a moment of theirs."""
    moment = streams_moment(records)
    early = [ada(), facebook(), ada("checkout.complete"), ada_on_tiktok(), tiktok()]
    late = [ada(), facebook(), ada_on_tiktok()]
    before, after = record(early, 1), record(late, 2)
    before.published_at = moment
    after.published_at = moment + timedelta(hours=1)
    store(records.database_url, [(early, before), (late, after)])
    return records


def test_of_a_segment_only_what_was_published_before_goes(mixed: Servers, erase: Erase) -> None:
    url, hashed = mixed.database_url, text_hash(ADA["userId"])
    assert persons(url)[hashed] == 5
    counted = changes(url)
    assert erase()["rows"] == 3
    assert changes(url) > counted
    assert persons(url)[hashed] == 2
    assert persons(url)[0] == 3
    assert differences_of_segments(url) == []


def test_of_one_source_only(mixed: Servers, erase: Erase) -> None:
    erase("--source", "tiktok")
    assert persons(mixed.database_url)[text_hash(ADA["userId"])] == 4
    assert differences_of_segments(mixed.database_url) == []


def test_what_has_nobody_erased_stays_as_it_is(mixed: Servers, erase: Erase) -> None:
    store(mixed.database_url, [([facebook(), tiktok()], record([facebook(), tiktok()], 3))])
    before = ids(mixed.database_url)
    erase()
    assert len(before & ids(mixed.database_url)) == 2
    after, counted = ids(mixed.database_url), changes(mixed.database_url)
    erase("--source", "facebook")
    assert ids(mixed.database_url) == after
    assert changes(mixed.database_url) == counted


def ids(url: str) -> set[int]:
    with psycopg.connect(url) as connection:
        return {number for (number,) in connection.execute("select id from segments")}


def test_ended_before_the_segments_the_next_finishes(mixed: Servers, erase: Erase) -> None:
    moment = streams_moment(mixed)

    class EndedError(Exception):
        """Stands for the end of the process."""

    def end(step: str, done: int, total: int) -> None:
        if done == total - 1:
            raise EndedError(step)

    async def begin() -> None:
        person = Person(ADA["userId"], SOURCES)
        async with Records.of(mixed.database_url, person) as found:
            await found.record(moment)
            await found.anonymize(moment, end)

    with pytest.raises(EndedError):
        asyncio.run(begin())
    assert persons(mixed.database_url)[text_hash(ADA["userId"])] == 5
    erase()
    assert persons(mixed.database_url)[text_hash(ADA["userId"])] == 2
    assert differences_of_segments(mixed.database_url) == []


def test_a_segment_that_is_being_replaced_is_found_in_its_new_one(
    mixed: Servers, erase: Erase
) -> None:
    """Somebody merges: the segments that were seen go, and others come in the same moment."""
    url = mixed.database_url
    names = SQL(", ").join(map(Identifier, ("source", "first_at", "last_at", "events", *COLUMNS)))
    copied = SQL("insert into segments ({names}) select {names} from segments").format(names=names)
    eraser = threading.Thread(target=erase)
    with psycopg.connect(url) as merger, psycopg.connect(url, autocommit=True) as looker:
        [(last,)] = merger.execute("select max(id) from segments").fetchall()
        merger.execute("select from segments for update")
        eraser.start()
        assert wait_until(lambda: waits_for_a_row(looker), 20)
        merger.execute(copied)
        merger.execute("delete from segments where id <= %s", (last,))
        merger.commit()
        eraser.join()
    assert persons(url)[text_hash(ADA["userId"])] == 2
    assert differences_of_segments(url) == []


def test_erased_first_and_stored_afterwards(records: Servers, erase: Erase) -> None:
    events = [ada(), ada_on_tiktok(), facebook()]
    message = record(events, 1)
    message.published_at = streams_moment(records)
    erase()
    store(records.database_url, [(events, message)])
    assert traces(records, *NAMES) == set()
    assert persons(records.database_url)[0] == 2
    assert differences_of_segments(records.database_url) == []
