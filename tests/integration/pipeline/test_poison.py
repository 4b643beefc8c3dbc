"""One event that cannot be stored costs one event, whatever it is and wherever it stands."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook, tiktok
from nats.js import JetStreamContext

from shared.stream.packing import Origin, Pack, join

GOOD = 4_999
PACK = 500
BUILD: dict[str, Callable[..., dict[str, Any]]] = {"facebook": facebook, "tiktok": tiktok}


def changed(build: Callable[..., dict[str, Any]], *arguments: str, **fields: object) -> bytes:
    return json.dumps(build(*arguments, **fields)).encode()


def spoilt(old: bytes, new: bytes) -> bytes:
    return json.dumps(facebook(extra="SPOILT")).encode().replace(old, new)


POISON: dict[str, tuple[bytes, str]] = {
    "NUL in an id": (changed(facebook, userId="a\0b"), "nul_character"),
    "NUL in an unknown field": (changed(facebook, extra={"x": ["\0"]}), "nul_character"),
    "lone surrogate": (spoilt(b"SPOILT", b"\\ud800"), "invalid_unicode"),
    "lone low surrogate": (spoilt(b"SPOILT", b"\\udc00x"), "invalid_unicode"),
    "bad UTF-8 in an unknown field": (spoilt(b"SPOILT", b"\xff\xfe"), "invalid_unicode"),
    "bad UTF-8 in a name": (
        changed(facebook, name="SPOILT").replace(b"SPOILT", b"\xc3("),
        "invalid_unicode",
    ),
    "NaN": (spoilt(b'"SPOILT"', b"NaN"), "malformed_json"),
    "Infinity": (changed(tiktok).replace(b"12.5", b"Infinity"), "malformed_json"),
    "control character": (spoilt(b"SPOILT", b"a\x01b"), "malformed_json"),
    "NaN amount": (changed(tiktok, "purchase", purchaseAmount="NaN"), "invalid_amount"),
    "amount too large": (
        changed(facebook, "checkout.complete", purchaseAmount="9" * 13),
        "invalid_amount",
    ),
    "number beyond a float": (changed(tiktok).replace(b"12.5", b"1e999"), "out_of_range"),
    "age beyond its column": (changed(facebook, age=40_000), "out_of_range"),
    "followers beyond their column": (changed(tiktok, followers=2**63), "out_of_range"),
    "negative watch time": (changed(tiktok, watchTime=-1), "out_of_range"),
    "id of 9 kB": (changed(facebook, eventId="x" * 9_000), "too_long"),
    "campaign of 9 kB": (changed(facebook, "ad.click", campaignId="x" * 9_000), "too_long"),
    "id of 300 bytes in 150 characters": (changed(tiktok, eventId="ж" * 150), "too_long"),
    "empty id": (changed(facebook, eventId=""), "too_short"),
    "year 1": (changed(facebook, timestamp="0001-01-01T00:00:00Z"), "out_of_range"),
    "year 9999": (changed(tiktok, timestamp="9999-12-31T23:59:59Z"), "out_of_range"),
    "no offset": (changed(tiktok, timestamp="2026-01-01T00:00:00"), "invalid_timestamp"),
    "no user": (json.dumps({**facebook(), "data": {}}).encode(), "missing_field"),
    "stage of another type": (changed(facebook, funnelStage="bottom"), "stage_mismatch"),
    "a number": (b"7", "not_an_object"),
    "an array": (b"[[]]", "not_an_object"),
}


@pytest.mark.usefixtures("pipeline")
def test_each_poison_among_many_good_events(nats_url: str, database_url: str) -> None:
    """Each kind of poison stands somewhere among 4,999 good events of its own."""
    expected: dict[bytes, str] = {}
    good: set[str] = set()
    for number, (raw, code) in enumerate(POISON.values()):
        source = "tiktok" if b'"tiktok"' in raw else "facebook"
        ids = [f"{number}-{index}" for index in range(GOOD)]
        texts = _events(source, ids)
        texts.insert(number * 211 % GOOD, raw)
        good.update(ids)
        expected[raw] = code
        _publish(nats_url, source, texts)
    streams.wait_until_processed(nats_url, "facebook", "tiktok", timeout=60)
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("select event_id from events").fetchall()
        rejected = connection.execute("select sum(rejected), sum(events) from messages").fetchone()
    assert {event_id for (event_id,) in stored} == good
    assert len(stored) == len(good)
    assert rejected == (len(POISON), len(POISON) + len(good))
    letters = {
        letter.data or b"": (letter.headers or {})["Hookstream-Code"]
        for letter in streams.messages(nats_url, "DEADLETTER")
    }
    assert letters == expected


def _events(source: str, ids: list[str]) -> list[bytes]:
    """Return one event for each id, equal in everything else."""
    text = json.dumps(BUILD[source](eventId="EVENT-ID"))
    return [text.replace("EVENT-ID", event_id).encode() for event_id in ids]


def _publish(url: str, source: str, texts: list[bytes]) -> None:
    async def send(js: JetStreamContext) -> None:
        for start in range(0, len(texts), PACK):
            part = texts[start : start + PACK]
            pack = Pack(source, join(part), [(Origin("poison", datetime.now(UTC)), len(part))])
            content, headers = pack.message()
            await js.publish(pack.subject, content, headers=headers)

    streams.with_jetstream(url, send)
