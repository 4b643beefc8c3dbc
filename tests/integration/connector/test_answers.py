"""Whatever a function answers, nothing is lost and nothing counts twice."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook
from processes import StartServed
from records import Servers
from scripted import Answer, Batch, Script, ScriptedFunction, stored

FACEBOOK = "facebook"

Store = Callable[[Batch], Answer]

HALF = (200, {"content-length": "26", "connection": "close"}, b'{"batchItemFa')
RESET = None
ANSWERS: dict[str, Answer | None] = {
    "500": (500, {}, b""),
    "503 with Retry-After": (503, {"retry-after": "1"}, b"{}"),
    "429 with Retry-After": (429, {"retry-after": "1"}, b""),
    "half": HALF,
    "reset": RESET,
    "no batch answer": (200, {}, b"<html>"),
}
SPOILT = 3
"""Calls that are answered otherwise than they went."""


class Backlog:
    """Messages, one of which holds an event that cannot be stored."""

    def __init__(self, records: Servers) -> None:
        self._records = records
        self.good = [facebook("checkout.complete", purchaseAmount="1.01") for _ in range(60)]
        self.bad = facebook(age=-1)
        packs: list[list[object]] = [list(self.good[start::20]) for start in range(20)]
        packs[7].append(self.bad)
        streams.publish(records.nats_url, FACEBOOK, packs)

    def prove(self, code: str = "out_of_range") -> None:
        """Find each event stored once, and the bad one as one dead letter."""
        streams.wait_until_processed(self._records.nats_url, FACEBOOK)
        self.prove_rows(self.good)
        [letter] = streams.messages(self._records.nats_url, "DEADLETTER")
        assert json.loads(letter.data or b"") == self.bad
        assert (letter.headers or {})["Hookstream-Code"] == code

    def prove_rows(self, expected: list[dict[str, Any]]) -> None:
        """Find events stored and accounted for."""
        with psycopg.connect(self._records.database_url) as connection:
            rows = connection.execute("select event_id from events").fetchall()
        assert Counter(name for (name,) in rows) == Counter(e["eventId"] for e in expected)
        assert self._records.reconcile()["holds"]


@pytest.fixture
def backlog(records: Servers) -> Backlog:
    """Return messages that wait in the stream."""
    return Backlog(records)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("first", [False, True], ids=["not stored", "stored"])
def test_a_spoilt_answer(
    backlog: Backlog,
    function: ScriptedFunction,
    start_connector: StartServed,
    store: Store,
    answer: Answer | None,
    *,
    first: bool,
) -> None:
    def script(call: int, batch: Batch) -> Answer | None:
        if call > SPOILT:
            return store(batch)
        if first:
            store(batch)
        return answer

    function.script = script
    with start_connector(INVOKE_MAX_MESSAGES="4"):
        backlog.prove()


@pytest.mark.parametrize("first", [False, True], ids=["not stored", "stored"])
def test_a_function_that_hangs(
    backlog: Backlog,
    function: ScriptedFunction,
    start_connector: StartServed,
    store: Store,
    *,
    first: bool,
) -> None:
    over = threading.Event()

    def script(call: int, batch: Batch) -> Answer | None:
        if call > SPOILT:
            return store(batch)
        if first:
            store(batch)
        over.wait(30)
        return RESET

    function.script = script
    with start_connector(INVOKE_MAX_MESSAGES="4", INVOKE_TIMEOUT="0.5"):
        backlog.prove()
    over.set()


def test_refused_messages_only_cost_themselves(
    backlog: Backlog, function: ScriptedFunction, start_connector: StartServed, store: Store
) -> None:
    """400 for any batch with the bad event; its message is what cannot be delivered."""
    bad = backlog.bad

    def script(_call: int, batch: Batch) -> Answer:
        refused = any(bad in message["data"] for message in batch)
        return (400, {}, b"{}") if refused else store(batch)

    function.script = script
    with start_connector():
        streams.wait_until_processed(backlog._records.nats_url, FACEBOOK)
    neighbours = backlog.good[7::20]
    backlog.prove_rows([event for event in backlog.good if event not in neighbours])
    letters = streams.messages(backlog._records.nats_url, "DEADLETTER")
    assert [json.loads(letter.data or b"") for letter in letters] == [*neighbours, bad]
    assert {(letter.headers or {})["Hookstream-Code"] for letter in letters} == {"invalid_batch"}


def test_a_partial_answer(
    backlog: Backlog, function: ScriptedFunction, start_connector: StartServed, store: Store
) -> None:
    """Every other message is stored, the others are named, and stored at their second coming."""

    def script(call: int, batch: Batch) -> Answer:
        if call > SPOILT:
            return store(batch)
        status, headers, content = store(batch[::2])
        failures = [{"itemIdentifier": message["id"]} for message in batch[1::2]]
        answer = {**json.loads(content), "batchItemFailures": failures}
        return status, headers, json.dumps(answer).encode()

    function.script = script
    with start_connector(INVOKE_MAX_MESSAGES="4"):
        backlog.prove()
    delivered = Counter(message["id"] for batch in function.calls for message in batch)
    assert Counter(delivered.values()) == {1: 14, 2: 6}


BASE, LONGEST = 0.1, 0.8
PROBES = 7


def test_a_dead_function_is_probed_and_not_hammered(
    function: ScriptedFunction, start_connector: StartServed, nats_url: str
) -> None:
    """With a backlog: one call at a time, at growing distances; then everything at once."""
    spans: list[tuple[float, float]] = []

    def script(call: int, batch: Batch) -> Answer:
        if call > PROBES:
            return stored(call, batch)
        began = time.monotonic()
        time.sleep(0.05)  # so that calls which are made at the same time overlap
        spans.append((began, time.monotonic()))
        return 500, {}, b""

    function.script = script
    streams.publish(nats_url, FACEBOOK, [[number] for number in range(200)])
    with start_connector(
        INVOKE_MAX_MESSAGES="1",
        INVOKE_CONCURRENCY="4",
        RETRY_BASE=str(BASE),
        RETRY_MAX=str(LONGEST),
    ):
        streams.wait_until_processed(nats_url, FACEBOOK)
    spans.sort()
    at_once = sum(began < spans[0][1] for began, _ in spans)
    assert at_once <= 4
    for number in range(at_once, PROBES):
        distance = spans[number][0] - spans[number - 1][1]
        assert distance >= 0.5 * min(LONGEST, BASE * 2.0 ** (number - 1))
    assert len(function.calls) == PROBES + 200
    assert set(function.received()) == set(range(200))


def _after_one(answer: Answer, times: list[float]) -> Script:
    def script(call: int, batch: Batch) -> Answer:
        times.append(time.monotonic())
        return answer if call == 1 else stored(call, batch)

    return script


def _date(seconds: float) -> str:
    """Return a date so many seconds from now, rounded up to a whole one."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds + 1)
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


@pytest.mark.parametrize("form", [lambda: "2", lambda: _date(2)], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(
    function: ScriptedFunction,
    start_connector: StartServed,
    nats_url: str,
    form: Callable[[], str],
    status: int,
) -> None:
    times: list[float] = []
    with start_connector():
        function.script = _after_one((status, {"retry-after": form()}, b""), times)
        streams.publish(nats_url, FACEBOOK, [[1]])
        streams.wait_until_processed(nats_url, FACEBOOK)
    assert times[1] - times[0] >= 1  # a date has whole seconds, and the header Date too


DAY = str(24 * 3600)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (429, {"retry-after": DAY}, b""),
        lambda _: (503, {"retry-after": _date(24 * 3600)}, b""),
        lambda name: (200, {}, _failed(name, 24 * 3600)),
    ],
    ids=["seconds", "date", "batchItemFailures"],
)
def test_a_function_cannot_stop_its_stream_for_a_day(
    function: ScriptedFunction,
    start_connector: StartServed,
    nats_url: str,
    answer: Callable[[str], Answer],
) -> None:
    times: list[float] = []

    def script(call: int, batch: Batch) -> Answer:
        times.append(time.monotonic())
        return answer(batch[0]["id"]) if call == 1 else stored(call, batch)

    function.script = script
    streams.publish(nats_url, FACEBOOK, [[1]])
    with start_connector(RETRY_AFTER_MAX="1"):
        streams.wait_until_processed(nats_url, FACEBOOK)
    assert times[1] - times[0] >= 1


def _failed(name: str, seconds: float) -> bytes:
    failure = {"itemIdentifier": name, "retryAfterSeconds": seconds}
    return json.dumps({"batchItemFailures": [failure]}).encode()
