"""What webhook-ingest accepts is in the stream when it answers; what it refuses is named."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
import streams
import zstandard
from builders import facebook, tiktok

from shared.stream.packing import CORRELATION_IDS, EVENT_COUNT, SUBJECT_PREFIX, subject

BOMB = gzip.compress(b" " * (33 * 1024 * 1024))
NDJSON = {"content-type": "application/x-ndjson"}


def ids(events: list[dict[str, Any]]) -> set[str]:
    return {event["eventId"] for event in events}


@pytest.mark.parametrize("path", ["/", "/webhook", "/webhooks", "/events", "/webhook/events/bulk"])
def test_one_event_on_any_path(path: str, client: httpx2.Client, nats_url: str) -> None:
    event = facebook()
    answer = client.post(path, json=event, headers={"x-correlation-id": "mine-1"})
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "rejected": 0, "results": [], "correlationId": "mine-1"}
    assert answer.headers["x-correlation-id"] == "mine-1"
    assert streams.events(nats_url) == [event]


def test_all_body_forms(client: httpx2.Client, nats_url: str) -> None:
    sent = [facebook("checkout.complete"), tiktok("purchase"), facebook(), tiktok()]
    array = json.dumps(sent[:2]).encode()
    lines = b"\n".join(json.dumps(event).encode() for event in sent[2:3])
    for content, headers in (
        (gzip.compress(array), {"content-encoding": "gzip"}),
        (zstandard.compress(lines), {"content-encoding": "zstd", **NDJSON}),
        (json.dumps({"events": sent[3:]}).encode(), {}),
    ):
        assert client.post("/", content=content, headers=headers).status_code == 200
    stored = streams.events(nats_url)
    assert sorted(stored, key=str) == sorted(sent, key=str)


def test_a_message_holds_one_source_and_500_events(client: httpx2.Client, nats_url: str) -> None:
    sent = [facebook() if number % 3 else tiktok() for number in range(2000)]
    answer = client.post("/", json=sent, headers={"x-correlation-id": "bulk"})
    assert answer.json()["accepted"] == 2000
    packed = streams.messages(nats_url)
    assert len(packed) == 3 + 2
    for message in packed:
        headers = message.headers or {}
        events = json.loads(streams.payload(message))
        assert {subject(event["source"]) for event in events} == {message.subject}
        assert headers[EVENT_COUNT] == str(len(events))
        assert headers[CORRELATION_IDS] == f"bulk*{len(events)}"
    assert ids(streams.events(nats_url)) == ids(sent)


def test_concurrent_single_events_share_messages(client: httpx2.Client, nats_url: str) -> None:
    sent = [facebook() for _ in range(400)]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda event: client.post("/", json=event), sent))
    assert {answer.status_code for answer in answers} == {200}
    assert ids(streams.events(nats_url)) == ids(sent)
    packed = streams.messages(nats_url)
    assert len(packed) < len(sent)
    runs = [run for m in packed for run in (m.headers or {})[CORRELATION_IDS].split()]
    assert {run.rpartition("*")[0] for run in runs} == {a.json()["correlationId"] for a in answers}


def test_bad_events_are_named_and_good_ones_accepted(
    client: httpx2.Client, nats_url: str, samples: dict[str, Any]
) -> None:
    corrupt = [sample["event"] for sample in samples["corrupt"]]
    sent = [facebook() if number % 2 else tiktok() for number in range(999)]
    step = 50
    mixed = list(sent)
    for number, event in enumerate(corrupt):
        mixed.insert(number * step, event)
    answer = client.post("/", json=mixed)
    assert answer.status_code == 200
    body = answer.json()
    still_valid = 1  # an unknown key leaves an event valid
    assert body["accepted"] == 999 + still_valid
    assert body["rejected"] == len(body["results"]) == len(corrupt) - still_valid
    for result in body["results"]:
        number, rest = divmod(result["index"], step)
        assert rest == 0
        assert result["eventId"] == corrupt[number].get("eventId")
        assert result["code"]
        assert result["path"]
        assert result["detail"]
    assert ids(sent) <= ids(streams.events(nats_url))


def test_nothing_accepted_is_422_in_the_same_shape(client: httpx2.Client, nats_url: str) -> None:
    answer = client.post("/", json=[{"eventId": "x"}, 7])
    assert answer.status_code == 422
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (0, 2)
    assert [result["index"] for result in body["results"]] == [0, 1]
    assert not streams.messages(nats_url)


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"nope", {}, 400, "invalid_json"),
        (b"", {}, 400, "empty_body"),
        (b"[]", {"content-encoding": "gzip"}, 400, "invalid_encoding"),
        (b"[]", {"content-encoding": "br"}, 415, "unsupported_media_type"),
        (b"[]", {"content-type": "text/html"}, 415, "unsupported_media_type"),
        (b"[" + b"1," * 50_000 + b"1]", {}, 413, "too_many_events"),
        (b" " * (32 * 1024 * 1024 + 1), {}, 413, "body_too_large"),
        (BOMB, {"content-encoding": "gzip"}, 413, "body_too_large"),
    ],
)  # fmt: skip
def test_requests_that_are_refused_whole(
    content: bytes, headers: dict[str, str], status: int, code: str, client: httpx2.Client
) -> None:
    answer = client.post("/", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert {"type", "title", "detail", "correlationId"} <= set(problem)


def test_a_body_of_just_the_limit_is_read(client: httpx2.Client) -> None:
    event = json.dumps(facebook()).encode()
    padded = b" " * (32 * 1024 * 1024 - len(event)) + event
    assert client.post("/", content=padded).json()["accepted"] == 1


def test_nobody_is_verified_without_a_token(client: httpx2.Client) -> None:
    for token in ("", "x"):
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"}
        assert client.get("/", params=query).status_code == 403


def test_other_methods_are_refused(client: httpx2.Client) -> None:
    answer = client.put("/", content=b"{}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_metrics_count_events(client: httpx2.Client) -> None:
    client.post("/", json=[facebook(), tiktok(), {"source": "tiktok"}])
    text = client.get("/metrics").text
    assert 'gateway_events_accepted_total{source="facebook"} 1.0' in text
    assert 'gateway_events_processed_total{source="tiktok"} 1.0' in text
    assert 'gateway_events_failed_total{reason="missing_field",source="tiktok"} 1.0' in text


def test_subjects_are_below_the_streams() -> None:
    assert subject("facebook").startswith(SUBJECT_PREFIX + ".")
