"""Before the stream or its disk is full, ingest says so; when there is room again, it accepts."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import streams
from builders import facebook
from nats.js import JetStreamContext
from processes import Served, serve
from stack import until

from shared.settings import MIB
from shared.stream.pressure import INTERVAL

PACK = 100 * 1024
"""Bytes of one message of padding."""


@pytest.fixture
def watching(tmp_path: Path) -> dict[str, str]:
    """Return settings of ingest; tests change them before it starts."""
    return {
        "STREAM_HIGH_WATERMARK": "0.6",
        "STREAM_LOW_WATERMARK": "0.3",
        "STREAM_DISK": str(tmp_path),
        "STREAM_DISK_RESERVE": "1",
    }


@pytest.fixture
def ingest(nats_url: str, watching: dict[str, str]) -> Iterator[Served]:
    environment = {"NATS_URL": nats_url, **watching}
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


def bounded(url: str, size: int) -> None:
    async def limit(js: JetStreamContext) -> None:
        config = (await js.stream_info("EVENTS")).config
        await js.update_stream(config.evolve(max_bytes=size))

    streams.with_jetstream(url, limit)


def fill_to(url: str, share: float) -> None:
    """Have the stream hold that share of its limit: add padding, or remove the oldest."""

    async def change(js: JetStreamContext) -> None:
        while (info := await js.stream_info("EVENTS")).state.bytes < share * _most(info):
            await js.publish("events.padding", b"x" * PACK)
        while (info := await js.stream_info("EVENTS")).state.bytes > share * _most(info):
            await js.purge_stream("EVENTS", seq=info.state.first_seq + 1)

    streams.with_jetstream(url, change)


def _most(info: object) -> int:
    return int(info.config.max_bytes)  # type: ignore[attr-defined]


def statuses(client: httpx2.Client, seconds: float) -> set[int]:
    """Post empty bodies for some time, admitted ones of which get 400; return all statuses."""
    end = time.monotonic() + seconds
    found = set()
    while time.monotonic() < end:
        found.add(client.post("/", json=[]).status_code)
    return found


def gauge(client: httpx2.Client, name: str) -> float:
    [value] = re.findall(rf"^{name} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return float(value)


def fill(client: httpx2.Client) -> float:
    return gauge(client, "hookstream_stream_fill_ratio")


def test_between_the_watermarks(client: httpx2.Client, nats_url: str) -> None:
    bounded(nats_url, 4 * MIB)
    fill_to(nats_url, 0.5)
    assert statuses(client, 2.5 * INTERVAL) == {400}
    assert gauge(client, "hookstream_stream_pressure") == 0
    fill_to(nats_url, 0.7)
    until(lambda: client.post("/", json=facebook()).status_code == 503, 3 * INTERVAL)
    answer = client.post("/", json=facebook())
    assert answer.json()["code"] == "stream_full"
    assert int(answer.headers["retry-after"]) >= 1
    assert gauge(client, "hookstream_stream_pressure") == 1
    assert 0.6 < fill(client) < 1
    fill_to(nats_url, 0.5)
    assert statuses(client, 2.5 * INTERVAL) == {503}
    fill_to(nats_url, 0.2)
    until(lambda: client.post("/", json=facebook()).status_code == 200, 3 * INTERVAL)


def test_it_is_over_without_any_request(client: httpx2.Client, nats_url: str) -> None:
    bounded(nats_url, 4 * MIB)
    fill_to(nats_url, 0.7)
    until(lambda: client.post("/", json=facebook()).status_code == 503, 3 * INTERVAL)
    for share in (0.75, 0.8, 0.85):
        fill_to(nats_url, share)
        until(lambda share=share: fill(client) > share - 0.03, 3 * INTERVAL)  # type: ignore[misc]  # binds now
    fill_to(nats_url, 0.1)
    until(lambda: gauge(client, "hookstream_stream_pressure") == 0, 3 * INTERVAL)
    assert client.post("/", json=facebook()).status_code == 200


def test_a_small_disk(nats_url: str, watching: dict[str, str]) -> None:
    environment = {"NATS_URL": nats_url, **watching, "STREAM_DISK_RESERVE": str(2**60)}
    with (
        serve("shared.serve", "webhook-ingest", environment=environment) as served,
        httpx2.Client(base_url=served.url, timeout=30) as client,
    ):
        until(lambda: client.post("/", json=facebook()).status_code == 503, 3 * INTERVAL)
        answer = client.post("/", json=facebook())
        assert answer.json()["code"] == "stream_full"
        assert "disk" in answer.json()["detail"]
        assert gauge(client, "hookstream_stream_disk_free_bytes") > 0
