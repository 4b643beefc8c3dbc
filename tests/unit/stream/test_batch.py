"""The contract between connector and collector, from both ends."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from shared.batch import (
    BatchAnswer,
    Delivery,
    ItemFailure,
    RejectedEvent,
    StoredMessage,
    decode_answer,
    decode_deliveries,
    encode_batch,
)
from shared.cloudevents import BATCH_TYPE, STRUCTURED_TYPE
from shared.errors import Problem
from shared.requests import Request
from shared.stream.packing import Origin, Pack

NOW = datetime(2026, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)


def message(sequence: int = 42, payload: bytes = b'[{"a": "\\u00fc"}, 2]') -> StoredMessage:
    content, headers = Pack("facebook", payload, [(Origin("request-1", NOW), 2)]).message()
    return StoredMessage("EVENTS", sequence, "facebook", NOW, headers, content)


def deliveries(body: bytes, **headers: str) -> list[Delivery]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def none() -> object:
        raise AssertionError

    request = Request("POST", "/", "", named, none, "id")  # type: ignore[arg-type]  # not read
    return decode_deliveries(request, body)


def events_of(delivery: Delivery) -> list[object]:
    return [json.loads(bytes(event)) for event in delivery.data]


def test_a_message_may_hold_a_single_event_outside_an_array() -> None:
    several, lone = json.loads(encode_batch([message(1), message(2)]))
    lone["data"] = {"a": [1]}
    received = deliveries(json.dumps([several, lone]).encode(), content_type=BATCH_TYPE)
    assert [events_of(delivery) for delivery in received] == [[{"a": "ü"}, 2], [{"a": [1]}]]
    structured = deliveries(json.dumps(lone).encode(), content_type=STRUCTURED_TYPE)
    binary = deliveries(b' {"a": [1]}', ce_id="EVENTS:2", ce_source="/s", ce_type="t")
    for [delivery] in (structured, binary):
        assert events_of(delivery) == [{"a": [1]}]


def test_a_batch_arrives_as_it_was_sent() -> None:
    sent = [message(7), message(8, b"[1]")]
    received = deliveries(encode_batch(sent), content_type=BATCH_TYPE + "; charset=utf-8")
    for before, after in zip(sent, received, strict=True):
        assert after.id == before.id == f"EVENTS:{before.sequence}"
        assert after.stream_sequence == before.sequence
        assert after.published_at == after.receivedat == NOW
        assert events_of(after) == json.loads(before.payload)
        assert after.correlationids == "request-1*2"
        assert after.type == "hookstream.events.facebook"


def test_the_batch_is_plain_cloudevents_json() -> None:
    [event] = json.loads(encode_batch([message()]))
    assert event["specversion"] == "1.0"
    assert {"id", "source", "type", "time", "datacontenttype", "data"} <= set(event)
    assert all(name.isalnum() and name.islower() for name in event)
    assert event["data"] == [{"a": "ü"}, 2]


def test_a_single_cloudevent_is_taken_in_both_modes() -> None:
    event = json.loads(encode_batch([message()]))[0]
    [structured] = deliveries(json.dumps(event).encode(), content_type=STRUCTURED_TYPE)
    attributes = {f"ce_{name}": str(value) for name, value in event.items() if name != "data"}
    # A Knative broker sends empty trace headers.
    [binary] = deliveries(
        json.dumps(event["data"]).encode(),
        content_type="application/json",
        ce_traceparent="",
        **attributes,
    )
    assert structured.id == binary.id == "EVENTS:42"
    assert structured.published_at == binary.published_at == NOW
    for delivery in (structured, binary):
        assert events_of(delivery) == event["data"]


OTHERS = [("s", "abc"), ("s", "orders:42"), ("s", "EVENTS:42"), ("t", "EVENTS:42")]
OTHERS += [("/hookstream/streams/EVENTS/x", f"EVENTS:{end}") for end in ("x", "9" * 20, "-1", "")]


def test_a_message_of_another_origin_has_a_number_of_its_own() -> None:
    given = [{"source": source, "id": name, "type": "t", "data": []} for source, name in OTHERS]
    body = msgspec.json.encode(given)
    numbers = [each.stream_sequence for each in deliveries(body, content_type=BATCH_TYPE)]
    again = [each.stream_sequence for each in deliveries(body, content_type=BATCH_TYPE)]
    assert again == numbers
    assert len(set(numbers)) == len(OTHERS)
    assert all(-(2**63) <= number < 0 for number in numbers)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"id":"x"}]', b"[", b'[{"id":""}]'])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(Problem, match="invalid_batch"):
        deliveries(body, content_type=BATCH_TYPE)


@pytest.mark.parametrize(
    ("messages", "detail"),
    [
        ([{"correlationids": "a\0"}], "correlationids"),
        ([{"time": "2026-05-01T00:00:00Z"}] * 2, "same source, id and time"),
        ([{}, {}], "same source, id and time"),
        ([{"time": "0001-01-01T00:00:00+10:00"}], "calendar"),
    ],
)
def test_what_the_ledger_cannot_hold_is_refused(
    messages: list[dict[str, str]], detail: str
) -> None:
    required = {"id": "EVENTS:1", "source": "x", "type": "y", "data": []}
    body = json.dumps([{**required, **message} for message in messages]).encode()
    with pytest.raises(Problem, match=detail) as caught:
        deliveries(body, content_type=BATCH_TYPE)
    assert caught.value.kind.code == "invalid_batch"


def test_times_are_turned_to_utc() -> None:
    sent = {"id": "EVENTS:1", "source": "x", "type": "y", "data": []}
    body = json.dumps([{**sent, "time": "2026-05-01T00:00:00-18:53"}]).encode()
    [delivery] = deliveries(body, content_type=BATCH_TYPE)
    assert delivery.published_at.isoformat() == "2026-05-01T18:53:00+00:00"


def test_other_media_types_are_refused() -> None:
    with pytest.raises(Problem, match="unsupported_media_type"):
        deliveries(b"[]", content_type="application/json")


def test_an_answer_survives_the_wire() -> None:
    answer = BatchAnswer(
        batchItemFailures=[ItemFailure("EVENTS:1"), ItemFailure("EVENTS:2", 1.5)],
        rejected=[RejectedEvent("EVENTS:3", 4, "too_long", "eventId")],
    )
    assert decode_answer(msgspec.json.encode(answer)) == answer
    assert decode_answer(b"{}") == BatchAnswer()
    with pytest.raises(msgspec.MsgspecError):
        decode_answer(b"<html>")
