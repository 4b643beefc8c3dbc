"""Callers who send slowly or nothing are let go, and others do not notice."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest
from builders import facebook
from processes import Served, serve
from slow_callers import SENT, WHOLE_HEAD, heard, silent_after

HASTY = {"BODY_TIMEOUT": "0.5", "IDLE_TIMEOUT": "0.5"}


@pytest.fixture
def ingest(nats_url: str) -> Iterator[Served]:
    environment = {"NATS_URL": nats_url, **HASTY}
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


def test_half_a_body_is_answered_408(ingest: Served) -> None:
    with silent_after(ingest.url, SENT["half a body"]) as caller:
        answer = heard(caller)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answer


def test_a_body_that_trickles_is_answered_408(ingest: Served) -> None:
    with silent_after(ingest.url, WHOLE_HEAD) as caller:
        caller.settimeout(0.1)
        answer = b""
        for _ in range(50):
            caller.sendall(b" ")
            try:
                answer = caller.recv(65536)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("name", ["nothing", "half a head"])
def test_without_a_whole_head_the_connection_is_closed(ingest: Served, name: str) -> None:
    with silent_after(ingest.url, SENT[name]) as caller:
        assert heard(caller) == b""


def test_half_a_head_after_a_request(ingest: Served) -> None:
    with silent_after(
        ingest.url, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET / HT"
    ) as caller:
        answer = heard(caller)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_others_are_served_meanwhile(ingest: Served) -> None:
    with ExitStack() as callers:
        for sent in list(SENT.values()) * 2:
            callers.enter_context(silent_after(ingest.url, sent))
        assert httpx2.post(ingest.url, json=facebook()).status_code == 200


def test_slow_bodies_take_nobodys_place(nats_url: str) -> None:
    environment = {"NATS_URL": nats_url, "MAX_INFLIGHT": "4"}
    with (
        serve("shared.serve", "webhook-ingest", environment=environment) as served,
        ExitStack() as callers,
    ):
        for _ in range(20):
            callers.enter_context(silent_after(served.url, SENT["half a body"]))
        for _ in range(5):
            assert httpx2.post(served.url, json=facebook()).status_code == 200
