"""The SQS broker, against queues that answer as a test says."""

import asyncio
import json
from base64 import b64decode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from aiohttp import web
from builders import facebook
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.settings import KIB, MIB, Settings
from shared.stream.encoding import decode
from shared.stream.packing import Origin, Pack, join
from shared.stream.sqs import Queues, SqsBroker, halves
from shared.stream.sqs_messages import Entry

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ORIGIN = Origin("request-1", NOW)

Entries = list[dict[str, Any]]
Answer = dict[str, Any] | int


@dataclass
class ScriptedQueues:
    """Queues that take what their `script` lets them; an int is a status."""

    script: Callable[[int, Entries], Answer]
    requests: list[Entries] = field(default_factory=list)
    stored: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["X-Amz-Target"] == "AmazonSQS.SendMessageBatch"
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
        document = await request.json()
        entries: Entries = document["Entries"]
        self.requests.append(entries)
        answer = self.script(len(self.requests), entries)
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"x-amzn-query-error": "No;Sender"})
        taken = {each["Id"] for each in answer.get("Successful", [])}
        self.stored += [
            {"queue": document["QueueUrl"], **entry} for entry in entries if entry["Id"] in taken
        ]
        return web.json_response(answer)


def all_taken(_number: int, entries: Entries) -> Answer:
    return {"Successful": [{"Id": entry["Id"]} for entry in entries]}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    return iter([None])


def with_queues(
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[SqsBroker], Awaitable[object]],
    script: Callable[[int, Entries], Answer] = all_taken,
    **chosen: Any,  # noqa: ANN401 - any setting
) -> ScriptedQueues:
    """Run `work` with a broker of scripted queues."""
    queues = ScriptedQueues(script)

    async def scenario() -> None:
        app = web.Application(client_max_size=4 * MIB)
        app.router.add_post("/", queues.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        broker = SqsBroker(Settings(broker_url="sqs:///123456789012/x-", **chosen))
        try:
            await work(broker)
        finally:
            await broker.close()
            await runner.cleanup()

    asyncio.run(scenario())
    return queues


def pack(*events: bytes, source: str = "facebook") -> Pack:
    return Pack(source, join(events), [(ORIGIN, len(events))])


def events_of(stored: dict[str, Any]) -> list[Any]:
    """Return the events of a stored message."""
    headers = {name: each["StringValue"] for name, each in stored["MessageAttributes"].items()}
    entry = Entry(stored["MessageBody"], headers)
    content = entry.body.encode()
    if headers.get("Content-Transfer-Encoding") == "base64":
        content = b64decode(entry.body)
    return list(json.loads(decode(content, headers)))


def test_what_comes_together_is_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    packs = [pack(b"%d" % number) for number in range(25)]

    async def work(broker: SqsBroker) -> None:
        await asyncio.gather(*map(broker.publish, packs))

    queues = with_queues(monkeypatch, work)
    assert sorted(map(len, queues.requests)) == [5, 10, 10]
    assert Counter(e for each in queues.stored for e in events_of(each)) == Counter(range(25))
    assert {each["queue"].rpartition("/")[2] for each in queues.stored} == {"x-events-facebook"}


def incompressible(number: int, size: int) -> bytes:
    """Return an event that is told by its first characters."""
    return json.dumps(f"{number:02}" + Random(number).randbytes(size).hex()).encode()


def test_a_pack_too_large_for_sqs_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [incompressible(number, 20 * KIB) for number in range(40)]

    async def work(broker: SqsBroker) -> None:
        await broker.publish(pack(*events))

    queues = with_queues(monkeypatch, work)
    assert len(queues.stored) > 1
    for entries in queues.requests:
        bodies = sum(len(entry["MessageBody"]) for entry in entries)
        assert bodies < 256 * KIB
    found = Counter(event for each in queues.stored for event in events_of(each))
    assert found == Counter(map(json.loads, events))


@given(
    counts=st.lists(st.integers(1, 6), min_size=1, max_size=8).filter(lambda each: sum(each) > 1)
)
def test_halves_keep_events_and_their_origins_in_order(counts: list[int]) -> None:
    origins = [(Origin(f"r{number}", NOW), count) for number, count in enumerate(counts)]
    owners = [origin for origin, count in origins for _ in range(count)]
    events = [b"%d" % number for number in range(sum(counts))]
    parts = halves(Pack("tiktok", join(events), origins))
    assert [event for part in parts for event in json.loads(part.payload)] == [
        json.loads(event) for event in events
    ]
    assert [origin for part in parts for origin, n in part.origins for _ in range(n)] == owners
    assert all(part.events == len(json.loads(part.payload)) > 0 for part in parts)


def test_what_sqs_has_not_taken_is_sent_again_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = []

    def half(number: int, entries: Entries) -> Answer:
        if number > 1:
            return all_taken(number, entries)
        return {
            "Successful": [{"Id": entry["Id"]} for entry in entries[::2]],
            "Failed": [
                {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                for entry in entries[1:7:2]
            ],  # the last is not named at all
        }

    async def work(broker: SqsBroker) -> None:
        async def publish(number: int) -> None:
            await broker.publish(pack(b"%d" % number))
            answered.append(number)

        await asyncio.gather(*map(publish, range(10)))

    queues = with_queues(monkeypatch, work, half)
    assert sorted(answered) == list(range(10))
    stored = Counter(event for each in queues.stored for event in events_of(each))
    assert stored == Counter(range(10)), "each once: what was taken is not sent again"


@pytest.mark.parametrize(
    "answer",
    [
        {"Failed": [{"Id": "0", "SenderFault": True, "Code": "InvalidMessageContents"}]},
        400,
        403,
    ],
    ids=["the message", "the request", "access"],
)
def test_what_sqs_refuses_is_said_at_once(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(broker: SqsBroker) -> None:
        with pytest.raises(Problem) as raised:
            await broker.publish(pack(b"1"))
        assert raised.value.kind.code == "broker_unavailable"

    queues = with_queues(monkeypatch, work, lambda *_: answer)
    assert len(queues.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [500, 503, 429, {"Failed": [{"Id": "0", "Code": "ServiceUnavailable"}]}, {}],
    ids=["500", "503", "429", "failed", "not named"],
)
def test_an_outage_is_waited_for_until_the_timeout(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(broker: SqsBroker) -> None:
        with pytest.raises(Problem) as raised:
            await broker.publish(pack(b"1"))
        assert raised.value.kind.code == "broker_unavailable"
        assert raised.value.retry_after

    queues = with_queues(monkeypatch, work, lambda *_: answer, publish_timeout=1.5)
    assert len(queues.requests) > 1
    assert not queues.stored


def test_sources_and_letters_have_queues_of_their_own() -> None:
    queues = Queues.of("sqs://sqs.eu-central-1.amazonaws.com/123456789012/hook-prod-")
    base = "https://sqs.eu-central-1.amazonaws.com/123456789012/hook-prod-"
    assert queues.queue("events.tiktok") == f"{base}events-tiktok"
    assert queues.queue("deadletter.unknown") == f"{base}deadletter-unknown"


@pytest.mark.parametrize(
    "url", ["nats://x", "sqs://x", "sqs://x/1/y", "sqs://x/123456789012/a b", "sqs:///123456789012"]
)
def test_a_bad_broker_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="BROKER_URL"):
        Queues.of(url)


def test_settings_that_let_no_event_through_are_refused() -> None:
    with pytest.raises(ValueError, match="SQS_MAX_BYTES"):
        SqsBroker(
            Settings(
                broker_url="sqs://x/123456789012/y",
                sqs_max_bytes=128 * KIB,
                max_event_bytes=100 * KIB,
            )
        )


def test_the_largest_event_fits_into_a_message() -> None:
    chosen = Settings(broker_url="sqs://x/123456789012/y")
    event = json.dumps(facebook(extra="\uffff" * (chosen.max_event_bytes // 3))).encode()
    event += b" " * (chosen.max_event_bytes - len(event))
    entry = Entry.of(*pack(incompressible(1, chosen.max_event_bytes // 2 - 8)).message())
    assert max(entry.size, Entry.of(event, {}).size) < chosen.sqs_max_bytes
