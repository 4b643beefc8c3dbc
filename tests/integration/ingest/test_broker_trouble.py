"""webhook-ingest while the broker is away or full: 503, Retry-After, and nothing lost."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx2
import stamina
import streams
from builders import facebook
from nats.js import JetStreamContext
from processes import Served, serve, wait_until_ready

from infra.local.servers import Servers
from shared.settings import MIB


def test_a_broker_that_is_away(
    servers: Servers, ingest: Served, client: httpx2.Client, nats_url: str
) -> None:
    kept = facebook()
    assert client.post("/", json=kept).status_code == 200
    servers.nats.kill()
    try:
        for _ in range(3):
            started = time.monotonic()
            answer = client.post("/", json=facebook())
            assert time.monotonic() - started < 5
            assert answer.status_code == 503
            assert answer.json()["code"] == "broker_unavailable"
            assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
    finally:
        servers.nats.start()
    wait_until_ready(ingest.url)
    again = facebook()
    assert client.post("/", json=again).status_code == 200
    stored = [event["eventId"] for event in streams.events(nats_url)]
    assert stored.count(kept["eventId"]) == stored.count(again["eventId"]) == 1


def test_a_function_that_starts_before_the_broker(servers: Servers, nats_url: str) -> None:
    servers.nats.stop()
    environment = {"NATS_URL": nats_url}
    with (
        ExitStack() as broker,
        serve("shared.serve", "webhook-ingest", environment=environment, ready=False) as early,
    ):
        broker.callback(servers.nats.start)
        _until(lambda: httpx2.get(f"{early.url}/health/live").status_code == 200)
        assert httpx2.post(early.url, json=facebook()).status_code == 503
        broker.close()
        early.ready()
        assert httpx2.post(early.url, json=facebook()).status_code == 200


def test_a_full_stream_refuses_and_recovers(client: httpx2.Client, nats_url: str) -> None:
    async def limit(js: JetStreamContext, size: int) -> None:
        config = (await js.stream_info("EVENTS")).config
        await js.update_stream(config.evolve(max_bytes=size))

    streams.with_jetstream(nats_url, lambda js: limit(js, MIB // 4))
    accepted = 0
    for _ in range(100):
        answer = client.post("/", json=[facebook() for _ in range(450)])
        if answer.status_code == 503:
            break
        accepted += answer.json()["accepted"]
    assert answer.json()["code"] == "stream_full"
    assert int(answer.headers["retry-after"]) >= 1
    assert len(streams.events(nats_url)) == accepted
    streams.with_jetstream(nats_url, lambda js: limit(js, 10 * MIB))
    assert client.post("/", json=facebook()).status_code == 200


def test_sigterm_lets_the_request_in_flight_finish(ingest: Served, nats_url: str) -> None:
    def slowly() -> object:
        yield b"["
        ingest.process.send_signal(signal.SIGTERM)
        _until(lambda: not _accepts(ingest.url))
        yield httpx2.Request("POST", "http://x", json=facebook()).content
        yield b"]"

    answer = httpx2.post(ingest.url, content=slowly(), timeout=10)  # type: ignore[arg-type]  # a generator of bytes
    assert answer.json()["accepted"] == 1
    assert ingest.process.wait(10) == 0
    assert len(streams.events(nats_url)) == 1


def _accepts(url: str) -> bool:
    try:
        httpx2.get(f"{url}/health/live", timeout=1)
    except httpx2.TransportError:
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    for attempt in stamina.retry_context(on=Exception, attempts=None, timeout=10, wait_max=0.1):
        with attempt:
            assert condition()
