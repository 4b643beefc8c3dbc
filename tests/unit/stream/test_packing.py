"""Packed messages: bounds, order, headers."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.stream.packing import (
    CHECKSUM,
    CORRELATION_IDS,
    EVENT_COUNT,
    MESSAGE_ID,
    RECEIVED_AT,
    TRACE_CONTEXTS,
    TRACEPARENT,
    Origin,
    Pack,
    Packer,
    checksum,
    correlation_id_at,
    distinct_correlation_ids,
    join,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ORIGIN = Origin("request-1", NOW)


@given(
    sizes=st.lists(st.integers(2, 60), min_size=1, max_size=60),
    max_events=st.integers(1, 10),
    max_bytes=st.integers(80, 200),
    step=st.integers(1, 70),
)
def test_packs_keep_every_event_in_order_within_bounds(
    sizes: list[int], max_events: int, max_bytes: int, step: int
) -> None:
    events = [json.dumps("x" * (size - 2)).encode() for size in sizes]
    packer = Packer("facebook", ORIGIN, max_events, max_bytes)
    packs = [
        pack
        for start in range(0, len(events), step)
        for pack in packer.extend(events[start : start + step])
    ]
    if packer:
        packs.append(packer.cut())
    assert b"".join(pack.payload[1:-1].replace(b",", b"") for pack in packs) == b"".join(events)
    for pack in packs:
        assert len(json.loads(pack.payload)) == pack.events <= max_events
        assert len(pack.payload) <= max_bytes
    assert not packer


def test_headers_say_what_is_inside() -> None:
    later = Origin(
        "request-2", NOW + timedelta(seconds=1), "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    )
    pack = Pack("tiktok", join([b"1", b"2", b"3"]), [(ORIGIN, 1), (later, 2)])
    content, headers = pack.message()
    assert content == b"[1,2,3]"
    assert pack.subject == "events.tiktok"
    assert headers[EVENT_COUNT] == "3"
    assert headers[CHECKSUM] == checksum(b"[1,2,3]")
    assert headers[MESSAGE_ID] == "tiktok-" + headers[CHECKSUM]
    assert headers[RECEIVED_AT] == NOW.isoformat()
    assert headers[CORRELATION_IDS] == "request-1*1 request-2*2"
    assert TRACEPARENT not in headers
    assert headers[TRACE_CONTEXTS] == f"-*1 {later.traceparent}*2"


def test_the_message_id_follows_the_content() -> None:
    one, same, other = (
        Pack("facebook", payload, [(ORIGIN, 1)]).message()[1][MESSAGE_ID]
        for payload in (b"[1]", b"[1]", b"[2]")
    )
    assert one == same != other


@given(
    st.lists(st.tuples(st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True), st.integers(1, 5)))
)
def test_each_event_finds_its_correlation_id(runs: list[tuple[str, int]]) -> None:
    header = " ".join(f"{name}*{count}" for name, count in runs)
    expected = [name for name, count in runs for _ in range(count)]
    assert [correlation_id_at(header, index) for index in range(len(expected))] == expected
    assert correlation_id_at(header, len(expected)) == ""
    assert distinct_correlation_ids([header], most=100) == list(dict.fromkeys(expected))
