"""What webhook-ingest refuses is a dead letter when the answer comes."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import streams
from builders import facebook
from nats.js import JetStreamContext
from processes import serve

from shared.events.decoding import identity_of
from shared.settings import MIB


@pytest.fixture
def ingest(nats_url: str) -> Iterator[httpx2.Client]:
    """Run webhook-ingest and return a client of it."""
    environment = {"NATS_URL": nats_url, "QUARANTINE_MAX_EVENTS": "100"}
    with (
        serve("shared.serve", "webhook-ingest", environment=environment) as served,
        httpx2.Client(base_url=served.url, timeout=30) as client,
    ):
        yield client


def letters(nats_url: str) -> list[tuple[bytes, dict[str, str]]]:
    found = streams.messages(nats_url, "DEADLETTER")
    return [(message.data or b"", dict(message.headers or {})) for message in found]


def test_every_corrupt_sample(
    ingest: httpx2.Client, nats_url: str, samples: dict[str, Any]
) -> None:
    corrupt = [sample["event"] for sample in samples["corrupt"]]
    answer = ingest.post("/", json=corrupt, headers={"x-correlation-id": "mine"}).json()
    assert answer["quarantined"] == answer["rejected"] == len(answer["results"]) > 10
    assert "notQuarantined" not in answer
    by_origin = {headers["Hookstream-Origin"]: (raw, headers) for raw, headers in letters(nats_url)}
    assert len(by_origin) == answer["rejected"]
    for result in answer["results"]:
        raw, headers = by_origin[f"mine:{result['index']}"]
        assert json.loads(raw) == corrupt[result["index"]]
        assert headers["Hookstream-Code"] == result["code"]
        assert headers["Hookstream-Detail"] == f"{result['path']}: {result['detail']}"
        assert headers["Hookstream-Stage"] == "ingest"
        assert headers["Hookstream-Correlation-Id"] == "mine"
        assert headers["Hookstream-First-At"]


def test_the_event_is_kept_as_it_came(ingest: httpx2.Client, nats_url: str) -> None:
    bad = [b'{"eventId":"\xff\xfe"}', b'{"source":"tiktok","x":"\\ud800"}', b"{broken", b"7 "]
    answer = ingest.post(
        "/", content=b"\n".join(bad), headers={"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 422
    assert answer.json()["quarantined"] == 4
    assert sorted(raw for raw, _ in letters(nats_url)) == sorted(bad)


def test_a_correlation_id_that_is_used_again_hides_nothing(
    ingest: httpx2.Client, nats_url: str
) -> None:
    for event in ({"eventId": "1"}, {"eventId": "2"}, {"eventId": "2"}):
        ingest.post("/", json=event, headers={"x-correlation-id": "always"})
    assert sorted(identity_of(raw)[0] or "" for raw, _ in letters(nats_url)) == ["1", "2"]


def test_a_request_quarantines_no_more_than_the_setting(
    ingest: httpx2.Client, nats_url: str
) -> None:
    answer = ingest.post("/", json=[{"eventId": str(n)} for n in range(250)] + [facebook()]).json()
    assert (answer["accepted"], answer["rejected"], answer["quarantined"]) == (1, 250, 100)
    assert answer["notQuarantined"] == [{"code": "quarantine_limit", "count": 150}]
    assert len(answer["results"]) == 250
    assert len(letters(nats_url)) == 100
    metrics = ingest.get("/metrics").text
    assert 'hookstream_not_quarantined_total{reason="quarantine_limit"} 150.0' in metrics
    assert 'hookstream_quarantined_total{code="missing_field",source="unknown"} 100.0' in metrics


def test_an_event_too_large_for_a_message(ingest: httpx2.Client, nats_url: str) -> None:
    answer = ingest.post("/", json=[facebook(), {"eventId": "x" * MIB}]).json()
    assert (answer["accepted"], answer["quarantined"]) == (1, 0)
    assert answer["notQuarantined"] == [{"code": "too_long", "count": 1}]
    assert not letters(nats_url)


def test_dead_letters_that_are_full_cost_no_accepted_event(
    ingest: httpx2.Client, nats_url: str
) -> None:
    async def limit(js: JetStreamContext, size: int) -> None:
        config = (await js.stream_info("DEADLETTER")).config
        await js.update_stream(config.evolve(max_bytes=size))

    streams.with_jetstream(nats_url, lambda js: limit(js, 512))
    good = [facebook() for _ in range(3)]
    answer = ingest.post("/", json=[{"eventId": str(n)} for n in range(50)] + good)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (3, 50)
    assert body["quarantined"] == len(letters(nats_url)) < 50
    missed = {"code": "stream_full", "count": 50 - body["quarantined"]}
    assert body["notQuarantined"] == [missed]
    assert len(streams.events(nats_url)) == 3
    streams.with_jetstream(nats_url, lambda js: limit(js, MIB))
    assert ingest.post("/", json={"eventId": "1"}).json()["quarantined"] == 1


def test_no_stream_for_dead_letters(ingest: httpx2.Client, nats_url: str) -> None:
    streams.with_jetstream(nats_url, lambda js: js.delete_stream("DEADLETTER"))
    answer = ingest.post("/", json=[facebook(), {}])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert answer.json()["notQuarantined"] == [{"code": "broker_unavailable", "count": 1}]
