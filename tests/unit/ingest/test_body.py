"""How bodies are split into events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.webhook_ingest.body import NDJSON_TYPES, split
from shared.errors import Problem

JSON = "application/json"
EVENTS: list[object] = [{"a": 1}, {"b": [2, "x,]}"]}, 3]


def parts(body: bytes, content_type: str = JSON) -> list[bytes]:
    return [bytes(event) for event in split(body, content_type)]


def parsed(body: bytes, content_type: str = JSON) -> list[object]:
    return [json.loads(part) for part in parts(body, content_type)]


def test_the_four_forms() -> None:
    array = json.dumps(EVENTS).encode()
    assert parsed(array) == EVENTS
    assert parsed(json.dumps({"events": EVENTS, "more": 1}).encode()) == EVENTS
    assert parsed(b'{"eventId": "x"}') == [{"eventId": "x"}]
    lines = b"\n".join(json.dumps(e).encode() for e in EVENTS)
    for content_type in NDJSON_TYPES:
        assert parsed(lines + b"\r\n\n", content_type) == EVENTS


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json",
     "text/plain"],
)  # fmt: skip
def test_media_types_that_are_taken_for_json(content_type: str) -> None:
    assert parsed(b" [1]\n", content_type) == [1]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parsed(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"[1]", "application/xml", "unsupported_media_type"),
        (b"", JSON, "empty_body"),
        (b"  ", JSON, "empty_body"),
        (b"[]", JSON, "empty_body"),
        (b'{"events":[]}', JSON, "empty_body"),
        (b"\n\n", "application/x-ndjson", "empty_body"),
        (b"nope", JSON, "invalid_json"),
        (b"1", JSON, "invalid_json"),
        (b"[1,2", JSON, "invalid_json"),
        (b"[1 2]", JSON, "invalid_json"),
        (b"[1] x", JSON, "invalid_json"),
        (b"[1,]", JSON, "invalid_json"),
        (b'{"events":[1', JSON, "invalid_json"),
        (b'{"a":1', JSON, "invalid_json"),
        (b"[" * 100_000, JSON, "invalid_json"),
        (b'{"x":' * 100_000, JSON, "invalid_json"),
    ],
)
def test_bodies_without_events_are_refused(body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        split(body, content_type)
    assert refused.value.kind.code == code


BAD = [
    b'{"a":"\\ud800"}',
    b'{"a":NaN}',
    b'{"a":"\xff\xfe"}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":"\\udc00\xf0"}',
    b'{"a":"\x01\n"}',
]


@pytest.mark.parametrize("bad", BAD)
def test_one_bad_event_leaves_its_neighbours_whole(bad: bytes) -> None:
    good = b'{"good": "\\u00fc, ]"}'
    for body in (b"[" + good + b" ,\n" + bad + b"," + good + b"]",
                 b'{ "events" : [' + good + b"," + bad + b"," + good + b"]}"):  # fmt: skip
        assert parts(body) == [good, bad, good]


def test_a_single_bad_event_is_handed_on_to_be_judged() -> None:
    assert parts(b'{"eventId":"\\ud800"}') == [b'{"eventId":"\\ud800"}']


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()), min_size=1))
def test_splitting_keeps_each_event_and_its_order(events: list[object]) -> None:
    body = json.dumps(events, ensure_ascii=False).encode()
    assert parsed(body) == events
    spoilt = body[:-1] + b',{"x":"\\ud800"}]'
    assert [json.loads(part) for part in parts(spoilt)[:-1]] == events


@given(st.binary(max_size=300))
def test_any_bytes_are_split_or_refused(body: bytes) -> None:
    for content_type in (JSON, "application/x-ndjson"):
        try:
            assert split(body, content_type)
        except Problem as problem:
            assert problem.kind.status < 500
