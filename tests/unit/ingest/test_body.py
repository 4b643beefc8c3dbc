"""How bodies are split into events."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.webhook_ingest.body import NDJSON_TYPES, split
from shared.errors import Problem

JSON = "application/json"
MOST = 50_000
EVENTS: list[object] = [{"a": 1}, {"b": [2, "x,]}"]}, 3]


def parts(body: bytes, content_type: str = JSON) -> list[bytes]:
    return [bytes(event) for event in split(body, content_type, MOST)]


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
        split(body, content_type, MOST)
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
            assert split(body, content_type, MOST)
        except Problem as problem:
            assert problem.kind.status < 500


@pytest.mark.parametrize(
    "deep", [b"[" * 2_000 + b"]" * 2_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000]
)
def test_an_event_nested_deeply_is_split_off_alone(deep: bytes) -> None:
    odd = deep[:-1] + (b',"]}[{\\"", ""]' if deep.startswith(b"[") else b',"]}[{\\"":"]"}')
    for body in (b"[1, %b ,2]" % odd, b'{"events":[1,%b,2]}' % odd):
        assert parts(body) == [b"1", odd, b"2"]
    for broken in (deep[:-1], deep[:-1] + b'"]', deep[:-2] + b"}]"):
        with pytest.raises(Problem, match="invalid_json"):
            parts(b"[1,%b,2]" % broken)


FLOODS = {
    "numbers": b"[" + b"1," * 4_000_000 + b"1]",
    "numbers, one of them none": b"[" + b"1," * 1_000_000 + b"NaN]",
    "wrapped numbers": b'{"events":[' + b"1," * 4_000_000 + b"1]}",
    "arrays": b"[" + b"[]," * 3_000_000 + b"NaN]",
    "members": b"{" + b'"":0,' * 2_000_000 + b'"":0}',
    "members, one of them none": b"[{" + b'"":0,' * 1_500_000 + b'"":NaN}]',
    "numbers after much text": b'["' + b"x" * 12_000_000 + b'",' + b"1," * 4_000_000 + b"1]",
    "brackets": b"[" * 8_000_000,
    "balanced brackets": b"[" * 4_000_000 + b"]" * 4_000_000,
    "deep arrays": b"[" + (b"[" * 1_100 + b"]" * 1_100 + b",") * 3_000 + b"1]",
    "letters of many bytes": b'["' + "😀".encode() * 2_000_000 + b'",NaN]',
}


@pytest.mark.parametrize("name", FLOODS)
def test_no_body_takes_all_memory(name: str) -> None:
    body = FLOODS[name]
    tracemalloc.start()
    try:
        split(body, JSON, MOST)
    except Problem as problem:
        assert problem.kind.code in {"too_many_events", "invalid_json"}
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3 * len(body) + 100 * 2**20, name  # what 1.6 million elements take


@pytest.mark.parametrize("lines", [b"1\n" * 100_001, b"\n" * 100_001])
def test_too_many_lines_are_not_even_split(lines: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(Problem, match="too_many_events"):
        split(lines, "application/x-ndjson", 40_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**16


def test_as_many_events_as_may_be() -> None:
    for number in (MOST, MOST + 1):
        body = b"[" + b",".join([b'{"a":1,"b":2,"c":3}'] * number) + b"]"
        for content, kind in (
            (body, JSON),
            (body[1:-1].replace(b"},", b"}\n"), "application/jsonl"),
        ):
            try:
                assert len(parts(content, kind)) == MOST == number
            except Problem as problem:
                assert (problem.kind.code, number) == ("too_many_events", MOST + 1)
