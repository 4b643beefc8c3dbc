"""A batch of SQS records: each message and each event ends where it belongs."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import facebook

from shared.aws.batches import FailedBatchError
from shared.aws.sqs_events import consume, is_batch
from shared.batch import BatchAnswer, ItemFailure, RejectedEvent, decode_deliveries
from shared.errors import Problem
from shared.requests import Request, Response
from shared.settings import Settings
from shared.stream.dead_letters import DeadLetter
from shared.stream.packing import Origin, Pack, join
from shared.stream.sqs_messages import Entry
from shared.web import Function

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SENT = 1_777_593_600_123

Verdict = Callable[[Sequence[Any]], BatchAnswer]


@dataclass
class ScriptedCollector:
    """Reads a batch as collectors do and answers by a script, which may raise Problem."""

    script: Callable[[list[Any]], BatchAnswer]
    batches: list[list[Any]] = field(default_factory=list)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def ready(self) -> None:
        pass

    async def handle(self, request: Request) -> Response:
        deliveries = decode_deliveries(request, request.whole() or b"")
        self.batches.append(deliveries)
        return Response.json(self.script(deliveries))


def record(name: str, content: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """Return a message as Lambda delivers it."""
    entry = Entry.of(content, headers)
    return {
        "messageId": name,
        "body": entry.body,
        "attributes": {"SentTimestamp": str(SENT), "ApproximateReceiveCount": "2"},
        "messageAttributes": {
            key: {"stringValue": text, "dataType": "String"}
            for key, text in entry.attributes.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:x-events-facebook",
    }


def packed(name: str, *events: bytes) -> dict[str, Any]:
    pack = Pack("facebook", join(events), [(Origin(f"of-{name}", NOW), len(events))])
    return record(name, *pack.message())


def stored(_deliveries: list[Any]) -> BatchAnswer:
    return BatchAnswer()


@dataclass
class Done:
    collector: ScriptedCollector
    letters: list[DeadLetter] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


def consumed(
    *records: dict[str, Any],
    script: Callable[[list[Any]], BatchAnswer] = stored,
    burying: Problem | None = None,
) -> Done:
    """Return what became of records."""
    done = Done(ScriptedCollector(script))

    async def bury(letter: DeadLetter) -> None:
        if burying is not None:
            raise burying
        done.letters.append(letter)

    def build(_chosen: Settings) -> ScriptedCollector:
        return done.collector

    event: dict[str, object] = {"Records": list(records)}
    assert is_batch(event)
    answer = asyncio.run(consume(Function("test", build), event, bury))
    done.failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
    return done


def good(count: int = 1) -> list[bytes]:
    return [json.dumps(facebook()).encode() for _ in range(count)]


def test_messages_are_delivered_as_they_were_packed() -> None:
    events = good(100)
    done = consumed(packed("a", *events), packed("b", *good()))
    [[first, second]] = done.collector.batches
    assert [bytes(raw) for raw in first.data] == events
    assert first.published_at == datetime.fromtimestamp(SENT / 1000, UTC)
    assert first.receivedat == NOW
    assert first.correlationids == "of-a*100"
    assert first.stream_sequence != second.stream_sequence
    assert not done.failed
    assert not done.letters


def test_a_message_delivered_again_is_known_by_the_ledger() -> None:
    event = packed("a", *good())
    batches = [consumed(event).collector.batches for _ in range(2)]
    first, again = (batch[0][0] for batch in batches)
    assert (first.stream_sequence, first.published_at) == (
        again.stream_sequence,
        again.published_at,
    )


@pytest.mark.parametrize(
    "spoilt",
    [
        {**packed("bad", *good()), "body": "[1]"},
        {**packed("bad", *good(50)), "body": "not base64"},
        record("bad", b"x", {"Content-Encoding": "zstd"}),
        record("bad", b"x", {"Content-Encoding": "br"}),
        record("bad", b"[]", {"Hookstream-Events": "many"}),
        {**packed("bad", *good()), "attributes": {"SentTimestamp": "soon"}},
        record("bad", b"hello", {}),
    ],
    ids=["changed", "no base64", "no zstd", "encoding", "count", "time", "none of ours"],
)
def test_an_unreadable_message_fails_alone(spoilt: dict[str, Any]) -> None:
    done = consumed(packed("a", *good()), spoilt, packed("b", *good()))
    assert done.failed <= {"bad"}
    delivered = [each.correlationids for batch in done.collector.batches for each in batch]
    assert {"of-a*1", "of-b*1"} <= set(delivered)
    assert done.failed or [letter.raw for letter in done.letters] == [b"hello"]


def test_a_rejected_event_is_buried_with_its_reason() -> None:
    events = good(3)

    def reject(deliveries: list[Any]) -> BatchAnswer:
        return BatchAnswer(rejected=[RejectedEvent(deliveries[0].id, 1, "too_long", "why")])

    done = consumed(packed("a", *events), packed("b", *good()), script=reject)
    [letter] = done.letters
    assert (letter.raw, letter.code, letter.detail) == (events[1], "too_long", "why")
    assert (letter.source, letter.stage, letter.attempts) == ("facebook", "consume", 2)
    assert letter.correlation_id == "of-a"
    assert not done.failed


def test_a_message_stays_until_its_letters_are_stored() -> None:
    def reject(deliveries: list[Any]) -> BatchAnswer:
        return BatchAnswer(rejected=[RejectedEvent(deliveries[0].id, 0, "too_long", "why")])

    away = Problem("broker_unavailable", "away")
    done = consumed(packed("a", *good()), packed("b", *good()), script=reject, burying=away)
    assert done.failed == {"a"}


def test_a_message_that_the_collector_names_is_delivered_again() -> None:
    def fail(deliveries: list[Any]) -> BatchAnswer:
        return BatchAnswer(batchItemFailures=[ItemFailure(deliveries[1].id)])

    assert consumed(packed("a", *good()), packed("b", *good()), script=fail).failed == {"b"}


@pytest.mark.parametrize("code", ["database_unavailable", "too_many_requests", "internal_error"])
def test_an_outage_fails_the_invocation(code: str) -> None:
    def away(_deliveries: list[Any]) -> BatchAnswer:
        raise Problem(code, "away")

    with pytest.raises(FailedBatchError):
        consumed(packed("a", *good()), packed("b", *good()), script=away)


def test_a_message_that_breaks_the_collector_fails_alone() -> None:
    def break_at(deliveries: list[Any]) -> BatchAnswer:
        if any(each.correlationids == "of-bad*1" for each in deliveries):
            raise RuntimeError("a defect")
        return BatchAnswer()

    messages = [packed(name, *good()) for name in "abcdefghi"]
    done = consumed(*messages[:4], packed("bad", *good()), *messages[4:], script=break_at)
    assert done.failed == {"bad"}


def test_an_event_that_breaks_the_batch_costs_one_event() -> None:
    events = good(4)
    events[2] = b'{"eventId": NaN}'
    messages = [packed(name, *good()) for name in "abcde"]

    def refuse_the_placeholder(deliveries: list[Any]) -> BatchAnswer:
        return BatchAnswer(
            rejected=[
                RejectedEvent(each.id, index, "not_an_object", "a placeholder")
                for each in deliveries
                for index, raw in enumerate(each.data)
                if bytes(raw) == b"null"
            ]
        )

    done = consumed(*messages, packed("bad", *events), script=refuse_the_placeholder)
    [letter] = done.letters
    assert (letter.raw, letter.code) == (events[2], "malformed_json")
    assert not done.failed
    stored = [bytes(raw) for batch in done.collector.batches for each in batch for raw in each.data]
    assert stored.count(events[3]) == 1
    assert len(set(stored)) == 5 + 4


def test_a_letter_that_sqs_moves_back_is_tried_again() -> None:
    letter = DeadLetter(
        source="facebook",
        raw=good()[0],
        code="storage_refused",
        detail="",
        stage="consume",
        origin="x:1",
        index=0,
        attempts=1,
        first_at=NOW,
        correlation_id="c",
    )
    done = consumed(record("a", letter.raw, letter.headers()))
    [[delivery]] = done.collector.batches
    assert [bytes(raw) for raw in delivery.data] == [letter.raw]
    assert not done.failed
