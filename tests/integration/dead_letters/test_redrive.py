"""Redriving counts an event once, whatever happens in between."""

import json
from collections.abc import Iterable
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook, tiktok
from integration.dead_letters.conftest import Bury, Working
from integration.dead_letters.made import letter
from integration.pipeline.conftest import pipeline  # noqa: F401 - a fixture
from nats.js import JetStreamContext

from infra.dead_letters.session import Session, work
from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.redrive import Order, Outcome, Redriver
from shared.dead_letters.selection import Selection
from shared.stream.packing import CORRELATION_IDS, MESSAGE_ID

EVERY = Order(selection=Selection())


def ids(events: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(event["eventId"] for event in events)


def left(nats_url: str) -> list[int]:
    """Return the sequences of the letters that are still there."""
    page = work(nats_url, lambda s: s.letters.page(Selection(), 1_000, newest=False))
    return [letter.sequence for letter in page.letters]


def stored(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return sorted(name for (name,) in connection.execute("select event_id from events"))


def test_letters_become_messages_of_their_sources(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    sent = [facebook() if number % 2 else tiktok() for number in range(500)]
    buried = [letter(event, source=event["source"]) for event in sent]
    bury_all(buried)
    outcome = working(lambda s: s.redriver.redrive(EVERY))
    assert (outcome.matched, outcome.done, outcome.left) == (500, 500, 0)
    assert not left(nats_url)
    messages = streams.messages(nats_url)
    assert ids(streams.events(nats_url)) == ids(sent)
    runs = [run for m in messages for run in (m.headers or {})[CORRELATION_IDS].split()]
    assert sorted(runs) == sorted(f"{b.correlation_id}*1" for b in buried)
    for message in messages:
        events = json.loads(streams.payload(message))
        assert {f"events.{event['source']}" for event in events} == {message.subject}


def test_only_what_matches(nats_url: str, working: Working[Outcome], bury_all: Bury) -> None:
    for source in ("tiktok", "facebook", "tiktok"):
        bury_all([letter(tiktok() if source == "tiktok" else facebook(), source=source)])
    order = Order(selection=Selection(source="tiktok"), limit=1)
    outcome = working(lambda s: s.redriver.redrive(order))
    assert (outcome.matched, outcome.done, outcome.more) == (1, 1, True)
    assert left(nats_url) == [2, 3]


def test_a_dry_run_counts_and_changes_nothing(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    bury_all([letter()])
    bury_all([letter({"eventId": "x"}, code="missing_field")])
    dry = Order(selection=Selection(), dry_run=True)
    outcome = working(lambda s: s.redriver.redrive(dry))
    assert (outcome.matched, outcome.done, outcome.left) == (2, 1, 1)
    assert outcome.reasons == {
        ("facebook", "storage_refused"): 1,
        ("facebook", "missing_field"): 1,
    }
    assert working(lambda s: s.redriver.drop(dry)).matched == 2
    assert left(nats_url) == [1, 2]
    assert not streams.messages(nats_url)


def test_an_event_that_is_still_invalid_stays(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    for event in (b"\xff nonsense", facebook(), facebook(age=-1), b"x" * 70_000):
        bury_all([letter(event)])
    outcome = working(lambda s: s.redriver.redrive(EVERY))
    assert (outcome.done, outcome.left) == (1, 3)
    assert [(named.sequence, named.code) for named in outcome.named] == [
        (1, "malformed_json"),
        (3, "out_of_range"),
        (4, "too_long"),
    ]
    assert left(nats_url) == [1, 3, 4]


def test_a_patch_corrects(nats_url: str, working: Working[Outcome], bury_all: Bury) -> None:
    event = facebook(age=-1, note=1.50)
    bury_all([letter(event), letter(b"no JSON")])
    order = Order(selection=Selection(), patch={"data": {"user": {"age": 40}}, "note": None})
    outcome = working(lambda s: s.redriver.redrive(order))
    assert (outcome.done, outcome.left) == (1, 1)
    [corrected] = streams.events(nats_url)
    event["data"]["user"]["age"] = 40
    del event["note"]
    assert corrected == event


def test_a_patch_may_change_the_source(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    bury_all([letter({**tiktok(), "source": "tik-tok"}, source="unknown")])
    order = Order(selection=Selection(source="unknown"), patch={"source": "tiktok"})
    assert working(lambda s: s.redriver.redrive(order)).done == 1
    assert [message.subject for message in streams.messages(nats_url)] == ["events.tiktok"]


class Killed(BaseException):
    """Stands for the process's end."""


class KilledBeforeDeletion(DeadLetters):
    """Dies between the stream's acknowledgement and the letter's deletion."""

    async def delete(self, sequences: Iterable[int]) -> int:
        raise Killed(list(sequences))


@pytest.mark.usefixtures("pipeline")
def test_killed_between_publication_and_deletion_it_counts_once(
    nats_url: str, database_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    sent = [facebook() if number % 2 else tiktok() for number in range(20)]
    bury_all(letter(event, source=event["source"]) for event in sent)

    async def die(session: Session) -> Outcome:
        own = session.redriver
        letters = KilledBeforeDeletion(session.letters._broker)
        return await Redriver(letters, own._publisher, own._limits).redrive(EVERY)

    with pytest.raises(Killed):
        working(die)
    assert len(left(nats_url)) == 20
    streams.wait_until_processed(nats_url, "facebook", "tiktok")
    assert stored(database_url) == ids(sent)
    other = Order(selection=Selection(), patch={"note": "so that the content differs"})
    assert working(lambda s: s.redriver.redrive(other)).done == 20
    assert not left(nats_url)
    streams.wait_until_processed(nats_url, "facebook", "tiktok")
    assert stored(database_url) == ids(sent)


@pytest.mark.usefixtures("pipeline")
def test_the_same_event_redriven_twice_counts_once(
    nats_url: str, database_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    event = facebook()
    for _ in range(2):
        bury_all([letter(event), letter(event)])
        assert working(lambda s: s.redriver.redrive(EVERY)).done == 2
    streams.wait_until_processed(nats_url, "facebook")
    assert stored(database_url) == [event["eventId"]]


def test_a_message_that_was_just_refused_is_not_taken_for_its_repetition(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    event = facebook()
    streams.publish(nats_url, "facebook", [[event]])
    bury_all([letter(event)])
    assert working(lambda s: s.redriver.redrive(EVERY)).done == 1
    first, second = streams.messages(nats_url)
    assert first.data == second.data
    assert (first.headers or {})[MESSAGE_ID] != (second.headers or {})[MESSAGE_ID]


def test_a_full_stream_stops_it_and_keeps_the_letters(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    async def limit(js: JetStreamContext) -> None:
        config = (await js.stream_info("EVENTS")).config
        await js.update_stream(config.evolve(max_bytes=1024))

    streams.with_jetstream(nats_url, limit)
    bury_all(letter() for _ in range(10))
    outcome = working(lambda s: s.redriver.redrive(EVERY))
    assert outcome.problem is not None
    assert outcome.problem.kind.code == "stream_full"
    assert outcome.done == 0
    assert len(left(nats_url)) == 10


def test_drop_deletes_what_matches(
    nats_url: str, working: Working[Outcome], bury_all: Bury
) -> None:
    for code in ("too_long", "too_deep", "too_long"):
        bury_all([letter(code=code)])
    order = Order(selection=Selection(code="too_long"))
    assert working(lambda s: s.redriver.drop(order)).done == 2
    assert left(nats_url) == [2]
    assert not streams.messages(nats_url)
