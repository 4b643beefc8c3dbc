"""CloudEvents in every mode: what is sent arrives, and what is none is refused as a Problem."""

import base64
import json
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.batch import Delivery, decode_deliveries
from shared.cloudevents import (
    BATCH_TYPE,
    STRUCTURED_TYPE,
    Mode,
    from_broker,
    header_attributes,
    is_final,
    mode_of,
)
from shared.errors import Problem
from shared.requests import Request

Event = dict[str, Any]

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
KNOWN = dict.fromkeys(Delivery.__struct_fields__, "") | {"data_base64": "", "data": ""}

attributes = st.fixed_dictionaries(
    {
        "specversion": st.just("1.0"),
        "id": texts,
        "source": texts,
        "type": texts,
        "time": moments.map(datetime.isoformat),
    },
    optional={"correlationids": texts, "eventcount": st.integers(0, 500).map(str)},
)
extensions = st.dictionaries(names.filter(lambda name: name not in KNOWN), texts, max_size=3)


def deliveries(body: bytes, headers: Mapping[str, str]) -> list[Delivery]:
    async def none() -> object:
        raise AssertionError

    request = Request("POST", "/", "", headers, none, "id")  # type: ignore[arg-type]  # not read
    return decode_deliveries(request, body)


def arrived(delivery: Delivery) -> Event:
    """Return what a collector makes of an event, in the form in which it was sent."""
    found = {
        "specversion": delivery.specversion,
        "id": delivery.id,
        "source": delivery.source,
        "type": delivery.type,
        "time": delivery.published_at.isoformat(),
    }
    optional = {"correlationids": delivery.correlationids, "eventcount": delivery.eventcount}
    return found | {name: value for name, value in optional.items() if value}


def data_of(delivery: Delivery) -> list[object]:
    return [json.loads(bytes(event)) for event in delivery.data]


def listed(data: object) -> list[object]:
    return data if isinstance(data, list) else [data]


def binary(event: Event, **headers: str) -> dict[str, str]:
    """Return an event's headers (http-protocol-binding.md 3.1.3.2)."""
    printable = "".join(c for c in string.printable if "\x21" <= c <= "\x7e" and c not in '"%')
    coded = {f"ce-{name}": quote(value, safe=printable) for name, value in event.items()}
    return {"content-type": "application/json", **headers, **coded}


@given(attributes, extensions, json_values)
def test_every_mode_carries_the_same(event: Event, more: Event, data: object) -> None:
    encoded = json.dumps(data).encode()
    whole = {**event, **more, "data": data}
    based = {**event, **more, "data_base64": base64.b64encode(encoded).decode()}
    [structured] = deliveries(json.dumps(whole).encode(), {"content-type": STRUCTURED_TYPE})
    [base64ed] = deliveries(json.dumps(based).encode(), {"content-type": STRUCTURED_TYPE})
    [batched] = deliveries(json.dumps([whole]).encode(), {"content-type": BATCH_TYPE})
    [from_headers] = deliveries(encoded, binary({**event, **more}))
    for delivery in (structured, base64ed, batched, from_headers):
        assert arrived(delivery) == event
        assert data_of(delivery) == listed(data)


@given(attributes, json_values)
def test_what_a_broker_adds_changes_nothing(event: Event, data: object) -> None:
    body = json.dumps(data).encode()
    empty = {"ce-traceparent": "", "ce-tracestate": "", "traceparent": "", "prefer": "reply"}
    [plain] = deliveries(body, binary(event))
    [delivered] = deliveries(body, {**binary(event), **empty})
    assert delivered == plain
    unset = {**event, "data": data, "traceparent": None, "correlationids": None, "subject": None}
    [structured] = deliveries(json.dumps(unset).encode(), {"content-type": STRUCTURED_TYPE})
    assert data_of(structured) == data_of(plain)


values = texts | st.sampled_from(["", "%", "%ff", '"', '"a', "1.0", "2026-05-01T00:00:00Z"])
any_headers = st.dictionaries(
    st.sampled_from([f"ce-{name}" for name in KNOWN] + ["ce-x"]), values, max_size=8
)
types = st.sampled_from([STRUCTURED_TYPE, BATCH_TYPE, "application/json", "", "application/xml"])
members = st.sampled_from(sorted(KNOWN)) | names
bodies = (
    st.binary(max_size=40)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(members, json_values, max_size=8).map(lambda v: json.dumps(v).encode())
    | st.lists(st.dictionaries(members, json_values), max_size=2).map(
        lambda value: json.dumps(value).encode()
    )
)


@given(bodies, any_headers, types)
@example(b"{}", {"ce-id": "%c0%a0"}, "application/json")
@example(b"\xff", {"ce-id": "1", "ce-source": "s", "ce-type": "t"}, "")
@example(b"[" * 100_000, {"ce-id": "1", "ce-source": "s", "ce-type": "t"}, "")
def test_what_is_no_event_is_a_problem(body: bytes, headers: Event, media_type: str) -> None:
    try:
        found = deliveries(body, {**headers, "content-type": media_type})
    except Problem as problem:
        assert problem.kind.code in {"invalid_batch", "unsupported_media_type"}
    else:
        for delivery in found:
            assert delivery.id
            assert delivery.specversion.startswith("1.")
            assert delivery.published_at.tzinfo is UTC
            assert "\0" not in (delivery.correlationids or "")


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ('"a \\"b\\" \\\\ %20c"', 'a "b" \\  c'),
        ("%2541", "%41"),
        ('"', '"'),
        ("100%", "100%"),
    ],
)
def test_a_header_s_value_is_unescaped_once(sent: str, value: str) -> None:
    assert header_attributes({"ce-x": sent, "x": "y", "ce-empty": ""}) == {"x": value}


@pytest.mark.parametrize(
    ("headers", "mode"),
    [
        ({"content-type": "application/cloudevents-batch+json; charset=UTF-8"}, Mode.BATCHED),
        ({"content-type": "Application/CloudEvents+JSON", "ce-id": "1"}, Mode.STRUCTURED),
        ({"content-type": "application/json", "ce-id": "1"}, Mode.BINARY),
        ({"ce-id": "1"}, Mode.BINARY),
        ({"content-type": "application/cloudevents+avro", "ce-id": "1"}, None),
        ({"content-type": "application/cloudevents-batch+xml", "ce-id": "1"}, None),
        ({"content-type": "application/json"}, None),
    ],
)
def test_the_content_type_tells_the_mode(headers: dict[str, str], mode: Mode | None) -> None:
    assert mode_of(headers) is mode


@pytest.mark.parametrize("version", ["0.3", "2.0", "1", "1.x", "1.0\n"])
def test_another_major_version_is_refused(version: str) -> None:
    event = {"specversion": version, "id": "1", "source": "s", "type": "t", "data": []}
    with pytest.raises(Problem, match="invalid_batch"):
        deliveries(json.dumps(event).encode(), {"content-type": STRUCTURED_TYPE})


@pytest.mark.parametrize("data", [{}, {"data": 1, "data_base64": "MQ=="}, {"data_base64": "%"}])
def test_there_is_one_kind_of_data(data: Event) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", **data}
    with pytest.raises(Problem, match="invalid_batch"):
        deliveries(json.dumps(event).encode(), {"content-type": STRUCTURED_TYPE})


def test_a_batch_has_no_base64() -> None:
    event = {"id": "1", "source": "s", "type": "t", "data_base64": "W10="}
    with pytest.raises(Problem, match="Base64"):
        deliveries(json.dumps([event]).encode(), {"content-type": BATCH_TYPE})


def test_brokers_and_their_statuses() -> None:
    assert from_broker({"prefer": "respond-async, Reply"})
    assert not from_broker({"prefer": "return=minimal"})
    assert not from_broker({})
    again = {status for status in range(400, 600) if not is_final(status)}
    assert again == {408, 429, *range(500, 600)}
