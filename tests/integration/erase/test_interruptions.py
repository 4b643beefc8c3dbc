"""Writers that are at work, and erasures that end anywhere."""

import asyncio
import subprocess
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import streams
from builders import facebook, tiktok
from integration.erase.conftest import ADA, NAMES, ada
from integration.erase.traces import database_text, traces
from integration.store.test_exactly_once import record, rows
from records import Servers
from stack import HOOKSTREAM

from infra.dead_letters.session import connected
from infra.erasing.erasure import Erasure
from infra.erasing.person import Person
from infra.erasing.progress import Tell
from infra.erasing.records import Records
from infra.erasing.result import Erased
from infra.erasing.streams import Streams
from infra.local.state import wait_until
from shared.events.model import SOURCES
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.store.writer import EventWriter, MessageRecord

Erase = Callable[..., dict[str, Any]]
Event = dict[str, Any]
MOMENT = "2026-11-02T10:07:00Z"


def store(url: str, messages: list[tuple[list[Event], MessageRecord]]) -> None:
    """Write messages as a collector does, in one batch."""

    async def write() -> None:
        database = Database(Settings(database_url=url), "test", configure=prepare)
        await database.open()
        try:
            ready = [
                row for events, message in messages for row in rows(events, message.stream_sequence)
            ]
            await EventWriter(database).write(ready, [message for _, message in messages])
        finally:
            await database.close()

    asyncio.run(write())


def erase_with(servers: Servers, tell: Tell) -> Erased:
    """Erase the person and tell how far it is."""
    person = Person(ADA["userId"], SOURCES)

    async def run() -> Erased:
        async with (
            Records.of(servers.database_url, person) as records,
            connected(servers.nats_url, "test") as broker,
        ):
            return await Erasure(person, records, Streams(broker, person)).run(60, tell)

    return asyncio.run(run())


def waits_for_writers(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "select from pg_locks where locktype = 'advisory' and not granted"
        " and mode = 'ExclusiveLock' and database = (select oid from pg_database"
        " where datname = current_database())"
    )
    return found.fetchone() is not None


def waits_for_a_rollup(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "select from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and query ilike '%insert into rollup_types%'"
    )
    return found.fetchone() is not None


def waits_for_a_row(connection: psycopg.Connection) -> bool:
    """Say whether somebody waits for who is changing a row."""
    found = connection.execute(
        "select from pg_locks where locktype = 'transactionid' and not granted"
    )
    return found.fetchone() is not None


def test_a_writer_at_work_is_waited_for(records: Servers, erase: Erase) -> None:
    """The writer has copied its rows and not committed; the erasure has to see them.

    Meanwhile writers of another source get through, though they may have to wait for a moment.
    """
    message = record([ada()], 2)
    message.published_at = streams_moment(records)
    store(records.database_url, [([facebook(timestamp=MOMENT)], record([facebook()], 1))])
    late = [([ada(timestamp=MOMENT)], message)]
    others = [([tiktok()], record([tiktok()], 3))]
    writer = threading.Thread(target=store, args=(records.database_url, late))
    done: list[dict[str, Any]] = []
    eraser = threading.Thread(target=lambda: done.append(erase()))
    with (
        psycopg.connect(records.database_url) as blocker,
        psycopg.connect(records.database_url, autocommit=True) as looker,
    ):
        blocker.execute("select from rollup_types for update")
        writer.start()
        assert wait_until(lambda: waits_for_a_rollup(looker), 20)
        eraser.start()
        assert wait_until(lambda: waits_for_writers(looker), 20)
        other = threading.Thread(target=store, args=(records.database_url, others))
        other.start()
        other.join(20)
        assert not other.is_alive()
        assert not done
        blocker.rollback()
        writer.join()
        eraser.join()
    assert done[0]["rows"] == 1
    assert not any(name in database_text(records.database_url) for name in NAMES)


def test_writers_and_erasures_at_once(records: Servers) -> None:
    """Wherever in their transactions the writers are, nobody is forgotten and nothing is lost."""
    moment = streams_moment(records)
    url = records.database_url
    batches = [[([ada(), facebook()] * 20, number) for number in range(1, 41)] for _ in range(3)]
    ready = threading.Barrier(4)

    def write(own: list[tuple[list[Event], int]]) -> None:
        ready.wait()
        for events, number in own:
            fresh = [{**event, "eventId": uuid.uuid4().hex} for event in events]
            message = record(fresh, number)
            message.published_at = moment
            store(url, [(fresh, message)])

    writers = [threading.Thread(target=write, args=(own,)) for own in batches]
    for writer in writers:
        writer.start()
    ready.wait()
    assert wait_until(lambda: counts(url)[0] > 400, 60)
    erased = erase_with(records, lambda *_: None).rows
    for writer in writers:
        writer.join()
    assert 200 < erased < 2_400
    assert counts(url) == (4_800, 2_400)
    assert not any(name in database_text(url) for name in NAMES)


def counts(url: str) -> tuple[int, int]:
    """Return the number of rows, and of those without a person."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where user_id = '') from events"
        )
        [(rows, anonymous)] = found.fetchall()
        return rows, anonymous


def test_a_backlog_is_waited_for(records: Servers) -> None:
    packs = [[ada(), facebook(), ada(age=-1)] for _ in range(20)]
    streams.publish(records.nats_url, "facebook", packs)
    waiting = threading.Event()
    done: list[Erased] = []

    def tell(step: str, *_: int) -> None:
        if step == "processed":
            waiting.set()

    eraser = threading.Thread(target=lambda: done.append(erase_with(records, tell)))
    eraser.start()
    assert waiting.wait(20)
    with records.pipeline():
        eraser.join()
    assert (done[0].messages, done[0].dead_letters, done[0].left) == (20, 20, 0)
    assert traces(records, *NAMES) == set()
    assert records.reconcile()["sources"][0]["stored"] == 40


def test_of_a_batch_only_what_was_published_before_is_anonymous(
    records: Servers, erase: Erase
) -> None:
    before, after = record([ada()], 1), record([ada()], 2)
    before.published_at = before.received_at = streams_moment(records)
    erase()
    store(
        records.database_url,
        [([ada(name="Old"), facebook()], before), ([ada(name="New"), facebook()], after)],
    )
    text = database_text(records.database_url)
    assert "Old" not in text
    assert "New" in text
    with psycopg.connect(records.database_url) as connection:
        people = connection.execute(
            "select stream_sequence, user_id = '', raw = '' from events order by 1, stream_position"
        ).fetchall()
    assert people == [(1, True, True), (1, False, False), (2, False, False), (2, False, False)]


def streams_moment(servers: Servers) -> datetime:
    """Return when the broker took a message, just now."""
    streams.publish(servers.nats_url, "facebook", [[facebook()]])
    moment = streams.messages(servers.nats_url)[-1].time
    assert moment is not None
    return moment


def test_rows_are_the_same_whenever_the_person_is_erased(records: Servers, erase: Erase) -> None:
    """Erased after they are stored or stored after the person is: no column tells which."""
    events = [ada("checkout.complete", campaignId="c"), ada("ad.view")]
    url = records.database_url
    message = record(events, 1)
    message.published_at = streams_moment(records)
    store(url, [(events, message)])
    assert erase()["rows"] == 2
    first = table(url)
    records.execute("truncate events, event_keys, rollup_types, rollup_seconds, messages, segments")
    store(url, [(events, message)])
    assert table(url) == first
    assert erase()["rows"] == 0


def table(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select * from events order by stream_position").fetchall()


def test_rows_of_what_came_afterwards_are_left_alone(records: Servers) -> None:
    """A message may be stored while the partitions are gone through."""
    moment = streams_moment(records)
    store(records.database_url, [([ada()], record([ada()], 5))])

    async def anonymize() -> int:
        person = Person(ADA["userId"], SOURCES)
        async with Records.of(records.database_url, person) as found:
            return await found.anonymize(moment, lambda *_: None)

    assert asyncio.run(anonymize()) == 0


class EndedError(Exception):
    """Stands for the end of the process at a step."""


def test_ended_at_any_step_it_is_finished_by_the_next(history: Servers) -> None:
    balance = history.reconcile()["sources"]
    steps = 0
    while True:
        steps += 1
        remaining = [steps]

        def tell(*_: object, remaining: list[int] = remaining) -> None:
            remaining[0] -= 1
            if not remaining[0]:
                raise EndedError

        try:
            erase_with(history, tell)
        except EndedError:
            assert history.reconcile()["sources"] == balance
            continue
        break
    assert steps > 10
    assert traces(history, *NAMES) == set()
    assert history.reconcile()["sources"] == balance


def test_killed_while_it_waits_it_has_kept_the_backlog_anonymous(
    records: Servers, erase: Erase
) -> None:
    streams.publish(records.nats_url, "facebook", [[ada(), facebook()]])
    urls = ("--nats-url", records.nats_url, "--database-url", records.database_url)
    line = [str(HOOKSTREAM), "erase", "--user", ADA["userId"], *urls, "--yes"]
    with (
        subprocess.Popen(line) as process,
        psycopg.connect(records.database_url, autocommit=True) as looker,
    ):
        assert wait_until(lambda: has_tombstones(looker), 20)
        process.kill()
    records.process()
    assert counts(records.database_url) == (2, 1)
    assert traces(records, *NAMES) == {"EVENTS"}
    assert erase()["messages"] == 1
    assert traces(records, *NAMES) == set()


def has_tombstones(connection: psycopg.Connection) -> bool:
    return connection.execute("select from erased_users").fetchone() is not None


def test_several_at_once(history: Servers, erase: Erase) -> None:
    answers: list[Erased] = []
    threads = [
        threading.Thread(target=lambda: answers.append(erase_with(history, lambda *_: None)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.rows for answer in answers) == 5
    assert [answer.left for answer in answers] == [0, 0, 0]
    assert traces(history, *NAMES) == set()
    assert erase()["left"] == 0
