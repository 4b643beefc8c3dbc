"""What the connector does with each answer of a function: nothing lost, acks after success."""

import json
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import stamina
import streams
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError
from processes import Served, StartServed
from scripted import Answer, Batch, Script, ScriptedFunction, stored

from shared.stream.topology import consumer_name

FACEBOOK = "facebook"


def numbers(first: int, last: int, size: int) -> list[list[object]]:
    """Return packs of the numbers first…last-1."""
    return [list(range(start, min(start + size, last))) for start in range(first, last, size)]


def test_everything_is_delivered_and_acknowledged(
    connector: Served, function: ScriptedFunction, nats_url: str
) -> None:
    streams.publish(nats_url, FACEBOOK, numbers(0, 1000, 7))
    streams.publish(nats_url, "tiktok", numbers(1000, 2000, 70))
    streams.wait_until_processed(nats_url, FACEBOOK, "tiktok")
    assert sorted(function.received()) == list(range(2000))
    for batch in function.calls:
        assert len({message["type"] for message in batch}) == 1
    assert connector.process.poll() is None


def test_a_message_arrives_at_once_on_an_idle_stream(
    connector: Served, function: ScriptedFunction, nats_url: str
) -> None:
    streams.publish(nats_url, FACEBOOK, [[1]])
    function.wait_for(lambda: function.received() == [1], timeout=5)
    streams.publish(nats_url, FACEBOOK, [[2]])
    function.wait_for(lambda: function.received() == [1, 2], timeout=2)
    assert connector.process.poll() is None


def test_a_batch_that_grows_is_sent_before_its_time_when_many_messages_wait(
    function: ScriptedFunction, nats_url: str, start_connector: StartServed
) -> None:
    with start_connector(INVOKE_LINGER="30") as connector:
        streams.publish(nats_url, FACEBOOK, [[0]])
        function.wait_for(lambda: function.received() == [0], timeout=5)
        streams.publish(nats_url, FACEBOOK, numbers(1, 200, 1))
        function.wait_for(lambda: len(function.received()) > 150, timeout=10)
        connector.process.send_signal(signal.SIGTERM)
        assert connector.process.wait(10) == 0


def _outage(answer: Answer | None) -> Script:
    def script(call: int, batch: Batch) -> Answer | None:
        return answer if call <= 3 else stored(call, batch)

    return script


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (503, {"retry-after": "1"}, b"{}"),
        (429, {}, b""),
        (404, {}, b""),
        (200, {}, b"<html>"),
        None,
    ],
)
@pytest.mark.usefixtures("connector")
def test_an_outage_is_waited_out(
    answer: Answer | None, function: ScriptedFunction, nats_url: str
) -> None:
    function.script = _outage(answer)
    streams.publish(nats_url, FACEBOOK, numbers(0, 20, 5))
    streams.wait_until_processed(nats_url, FACEBOOK)
    accepted = [event for batch in function.calls[3:] for m in batch for event in m["data"]]
    assert sorted(accepted) == list(range(20))
    assert not streams.messages(nats_url, "DEADLETTER")


@pytest.mark.usefixtures("connector")
def test_a_failed_message_is_delivered_again_alone(
    function: ScriptedFunction, nats_url: str
) -> None:
    failed: set[str] = set()

    def script(_call: int, batch: Batch) -> Answer:
        odd = [m["id"] for m in batch if m["data"][0] % 2 and m["id"] not in failed]
        failed.update(odd)
        failures = [{"itemIdentifier": name} for name in odd]
        return 200, {}, json.dumps({"batchItemFailures": failures}).encode()

    function.script = script
    streams.publish(nats_url, FACEBOOK, numbers(0, 20, 1))
    streams.wait_until_processed(nats_url, FACEBOOK)
    received = function.received()
    assert all(received.count(number) == 1 + number % 2 for number in range(20))


@pytest.mark.usefixtures("connector")
def test_rejected_events_become_dead_letters(function: ScriptedFunction, nats_url: str) -> None:
    def script(_call: int, batch: Batch) -> Answer:
        rejected = [
            {"itemIdentifier": m["id"], "index": 1, "code": "too_long", "detail": "eventId"}
            for m in batch
        ]
        return 200, {}, json.dumps({"rejected": rejected}).encode()

    function.script = script
    streams.publish(nats_url, "tiktok", [["a", "b", "c"], ["d", "e"]])
    streams.wait_until_processed(nats_url, "tiktok")
    letters = streams.messages(nats_url, "DEADLETTER")
    assert [json.loads(letter.data or b"") for letter in letters] == ["b", "e"]
    assert {letter.subject for letter in letters} == {"deadletter.tiktok"}
    headers = letters[0].headers or {}
    assert headers["Hookstream-Code"] == "too_long"
    assert headers["Hookstream-Stage"] == "consume"
    assert headers["Hookstream-Origin"] == "EVENTS:1:1"
    assert headers["Hookstream-Attempts"] == "1"
    assert headers["Hookstream-Correlation-Id"].startswith("test-")


@pytest.mark.usefixtures("connector")
def test_a_refused_message_is_found_and_its_neighbours_go_through(
    function: ScriptedFunction, nats_url: str
) -> None:
    good: list[int] = []

    def script(_call: int, batch: Batch) -> Answer:
        events = [event for message in batch for event in message["data"]]
        if 13 in events:
            return 400, {}, b"{}"
        good.extend(events)
        return 200, {}, b"{}"

    function.script = script
    streams.publish(nats_url, FACEBOOK, numbers(0, 40, 1))
    streams.wait_until_processed(nats_url, FACEBOOK)
    assert sorted(good) == [number for number in range(40) if number != 13]
    [letter] = streams.messages(nats_url, "DEADLETTER")
    assert json.loads(letter.data or b"") == 13


def test_a_long_call_is_not_delivered_twice(
    connector: Served, function: ScriptedFunction, nats_url: str
) -> None:
    release = threading.Event()

    def script(_call: int, _batch: Batch) -> Answer:
        release.wait(20)
        return 200, {}, b"{}"

    function.script = script
    streams.publish(nats_url, FACEBOOK, numbers(0, 50, 1))
    with function.changed:
        pass
    began = time.monotonic()
    while time.monotonic() - began < 5:  # two and a half times the ack wait
        assert streams.unprocessed(nats_url, FACEBOOK) == 50
    release.set()
    streams.wait_until_processed(nats_url, FACEBOOK)
    assert sorted(function.received()) == list(range(50))
    assert connector.process.poll() is None


def test_sigterm_finishes_the_call_in_flight_and_gives_back_the_rest(
    connector: Served, function: ScriptedFunction, nats_url: str, start_connector: StartServed
) -> None:
    begun, release = threading.Event(), threading.Event()

    def script(_call: int, _batch: Batch) -> Answer:
        begun.set()
        release.wait(20)
        return 200, {}, b"{}"

    function.script = script
    streams.publish(nats_url, FACEBOOK, numbers(0, 10, 1))
    assert begun.wait(10)
    connector.process.send_signal(signal.SIGTERM)
    release.set()
    assert connector.process.wait(20) == 0
    with start_connector():
        streams.wait_until_processed(nats_url, FACEBOOK)
    assert sorted(function.received()) == list(range(10))


def test_killed_midway_the_messages_are_delivered_to_another(
    connector: Served, function: ScriptedFunction, nats_url: str, start_connector: StartServed
) -> None:
    begun = threading.Event()

    def script(call: int, batch: Batch) -> Answer:
        if call == 1:
            begun.set()
            connector.process.wait(20)
        return stored(call, batch)

    function.script = script
    streams.publish(nats_url, FACEBOOK, numbers(0, 10, 1))
    assert begun.wait(10)
    connector.process.kill()
    with start_connector():
        streams.wait_until_processed(nats_url, FACEBOOK)
    assert set(function.received()) == set(range(10))


@pytest.mark.usefixtures("connector")
def test_the_watermark_stands_at_the_oldest_unprocessed_message(
    function: ScriptedFunction, nats_url: str, database_url: str
) -> None:
    function.script = lambda *_: (503, {}, b"")
    before = datetime.now(UTC)
    streams.publish(nats_url, FACEBOOK, [[1]])
    after = datetime.now(UTC)

    def watermark(source: str, at_least: datetime) -> datetime:
        with psycopg.connect(database_url, autocommit=True) as connection:
            deadline = time.monotonic() + 10
            while True:
                found = connection.execute(
                    "select as_of from watermarks where source = %s and observed_at >= %s",
                    [source, at_least],
                ).fetchone()
                if found:
                    return found[0]  # type: ignore[no-any-return]
                assert time.monotonic() < deadline

    stuck = watermark(FACEBOOK, after + timedelta(seconds=1.5))
    assert before <= stuck <= after
    assert watermark("tiktok", after + timedelta(seconds=1.5)) > after
    function.script = stored
    streams.wait_until_processed(nats_url, FACEBOOK)
    done = datetime.now(UTC)
    assert watermark(FACEBOOK, done + timedelta(seconds=1.5)) >= done


@pytest.mark.usefixtures("connector")
def test_a_consumer_or_stream_that_was_deleted_is_made_anew(
    function: ScriptedFunction, nats_url: str
) -> None:
    streams.publish(nats_url, FACEBOOK, [[1]])
    streams.wait_until_processed(nats_url, FACEBOOK)

    async def delete_consumer(js: JetStreamContext) -> None:
        await js.delete_consumer("EVENTS", consumer_name(FACEBOOK))

    streams.with_jetstream(nats_url, delete_consumer)
    streams.publish(nats_url, FACEBOOK, [[2]])
    function.wait_for(lambda: 2 in function.received())

    async def delete_stream(js: JetStreamContext) -> None:
        await js.delete_stream("EVENTS")

    streams.with_jetstream(nats_url, delete_stream)
    for attempt in stamina.retry_context(on=NoStreamResponseError, attempts=None, timeout=20):
        with attempt:
            streams.publish(nats_url, FACEBOOK, [[3]])
    function.wait_for(lambda: 3 in function.received())


@pytest.mark.usefixtures("connector")
def test_an_answer_that_makes_no_sense_loses_nothing(
    function: ScriptedFunction, nats_url: str
) -> None:
    def script(call: int, batch: Batch) -> Answer:
        if call > 2:
            return stored(call, batch)
        nonsense = [{"itemIdentifier": batch[0]["id"], "index": 99, "code": "?", "detail": ""}]
        return 200, {}, json.dumps({"rejected": nonsense}).encode()

    function.script = script
    streams.publish(nats_url, FACEBOOK, [[1, 2]])
    streams.publish(nats_url, "tiktok", [[3]])
    streams.wait_until_processed(nats_url, FACEBOOK, "tiktok")
    assert not streams.messages(nats_url, "DEADLETTER")
    assert {1, 2, 3} == set(function.received())
