"""`python -m shared.serve` as a process: how it ends."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx2
import pytest
from builders import facebook
from processes import Served, serve
from slow_callers import heard, silent_after
from stack import until

BODY = b"x" * 100
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"


@contextmanager
def ingest(nats_url: str, **changes: str) -> Iterator[Served]:
    environment = {"NATS_URL": nats_url, **changes}
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


def refuses(served: Served) -> bool:
    parts = urlsplit(served.url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except ConnectionError:
        return True
    return False


def test_a_request_under_way_is_answered_after_sigterm(nats_url: str) -> None:
    with ingest(nats_url) as served, silent_after(served.url, HEAD + BODY[:50]) as caller:
        assert httpx2.post(served.url, json=facebook()).status_code == 200
        served.process.send_signal(signal.SIGTERM)
        until(lambda: refuses(served), 10)
        caller.sendall(BODY[50:])
        answer = heard(caller)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"connection: close\r\n" in answer
        assert served.process.wait(10) == 0


def test_it_is_not_ready_but_accepts_for_the_delay(nats_url: str) -> None:
    with ingest(nats_url, DRAIN_DELAY="3") as served:
        served.process.send_signal(signal.SIGTERM)
        ready = f"{served.url}/health/ready"
        until(lambda: httpx2.get(ready, timeout=5).status_code == 503, 2)
        assert httpx2.post(served.url, json=facebook()).status_code == 200
        assert served.process.poll() is None
        assert served.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_further_signals_end_the_delay_and_the_wait(nats_url: str, number: signal.Signals) -> None:
    with (
        ingest(nats_url, DRAIN_DELAY="60", DRAIN_TIMEOUT="60") as served,
        silent_after(served.url, HEAD + BODY[:50]),
    ):
        assert httpx2.put(served.url).status_code == 405
        began = time.monotonic()
        served.process.send_signal(number)
        ready = f"{served.url}/health/ready"
        until(lambda: httpx2.get(ready, timeout=5).status_code == 503, 10)
        served.process.send_signal(number)
        until(lambda: refuses(served), 10)
        assert served.process.poll() is None
        served.process.send_signal(number)
        assert served.process.wait(10) == 0
        assert time.monotonic() - began < 30


def test_what_is_too_slow_is_broken_off(nats_url: str) -> None:
    with (
        ingest(nats_url, DRAIN_TIMEOUT="0.5") as served,
        silent_after(served.url, HEAD + BODY[:50]) as caller,
    ):
        assert httpx2.put(served.url).status_code == 405
        served.process.send_signal(signal.SIGTERM)
        with suppress(ConnectionResetError):
            assert heard(caller) == b""
        assert served.process.wait(10) == 0
