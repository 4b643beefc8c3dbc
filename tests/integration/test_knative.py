"""What Knative expects of a container, asked of the functions' own processes.

Contracts: https://github.com/knative/specs, specs/serving/runtime-contract.md and
specs/eventing/data-plane.md.
"""

import base64
import json
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import psycopg
import pytest
import streams
from builders import facebook
from processes import Served, serve
from slow_callers import heard, silent_after
from stack import until

from shared.cloudevents import BATCH_TYPE, STRUCTURED_TYPE

Event = dict[str, Any]

IN_FLIGHT = 20
BATCH = {"content-type": BATCH_TYPE}
FROM_BROKER = {"Prefer": "reply", "Traceparent": "", "Ce-Traceparent": "", "Ce-Tracestate": ""}
"""What eventing-natss adds to an event that had no trace."""

BROKEN: list[tuple[dict[str, str], bytes]] = [
    ({"Ce-Id": "1", "Ce-Type": "t"}, b"{}"),
    ({"Content-Type": STRUCTURED_TYPE}, b'{"specversion":"1.0"'),
    ({"Ce-Id": "%ff", "Ce-Source": "s", "Ce-Type": "t"}, b"{}"),
]


@pytest.fixture
def collector(database_url: str) -> Iterator[Served]:
    environment = {"DATABASE_URL": database_url, "MAX_INFLIGHT": str(IN_FLIGHT)}
    with serve("shared.serve", "fb-consume", environment=environment) as served:
        yield served


@pytest.fixture
def ingest(nats_url: str) -> Iterator[Served]:
    environment = {"NATS_URL": nats_url, "MAX_INFLIGHT": str(IN_FLIGHT)}
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


def attributes(identity: str = "1") -> dict[str, str]:
    """Return what each CloudEvent has, all headers but for their prefix."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/campaigns",
        "type": "hookstream.events.facebook",
    }


def binary(event: object, identity: str = "1") -> dict[str, Any]:
    """Return a request in binary mode, its headers written as Go writes them."""
    headers = {f"Ce-{name.title()}": value for name, value in attributes(identity).items()}
    content = json.dumps(event).encode()
    return {"headers": {**headers, "Content-Type": "application/json"}, "content": content}


def structured(event: object, identity: str = "1") -> dict[str, Any]:
    content = json.dumps({**attributes(identity), "data": event}).encode()
    return {"headers": {"Content-Type": f"{STRUCTURED_TYPE}; charset=utf-8"}, "content": content}


def in_base64(event: object, identity: str = "1") -> dict[str, Any]:
    data = base64.b64encode(json.dumps(event).encode()).decode()
    content = json.dumps({**attributes(identity), "data_base64": data}).encode()
    return {"headers": {"Content-Type": STRUCTURED_TYPE}, "content": content}


Form = Callable[..., dict[str, Any]]
MODES: list[Form] = [binary, structured, in_base64]


def from_broker(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "headers": {**request["headers"], **FROM_BROKER}}


def stored(database_url: str) -> list[str]:
    """Return the ids of all stored events, and check that each is counted once."""
    with psycopg.connect(database_url) as connection:
        rows = [name for (name,) in connection.execute("select event_id from events")]
        [(counted,)] = connection.execute("select coalesce(sum(events), 0) from rollup_types")
    assert counted == len(rows)
    return sorted(rows)


@pytest.mark.parametrize("mode", MODES)
def test_a_broker_s_event_is_stored_once(
    collector: Served,
    database_url: str,
    mode: Form,
) -> None:
    events = [facebook() for _ in range(3)]
    for sent in (events[0], events[:2], events[2], events[0]):
        answer = httpx2.post(collector.url, **from_broker(mode(sent)))
        # A broker takes a body in the answer for an event, or for a failure.
        assert (answer.status_code, answer.content) == (202, b"")
    assert stored(database_url) == sorted(event["eventId"] for event in events)


def test_a_batch_is_stored_once(collector: Served, database_url: str) -> None:
    events = [facebook() for _ in range(3)]
    batch = [{**attributes(str(n)), "data": event} for n, event in enumerate(events)]
    headers = {"content-type": BATCH_TYPE}
    for _ in range(2):
        answer = httpx2.post(collector.url, content=json.dumps(batch), headers=headers)
        assert answer.json() == {"batchItemFailures": [], "rejected": []}
    assert stored(database_url) == sorted(event["eventId"] for event in events)


def test_the_ledger_tells_events_of_other_origins_apart(
    collector: Served, database_url: str
) -> None:
    """They may be of the same moment, and their ids say nothing of the stream's sequences."""
    alone, together = [facebook() for _ in range(3)], [facebook() for _ in range(3)]
    names = ["EVENTS:42", "orders:42", "abc", "b:1", "c:1", "d"]
    sent = [{**attributes(name), "time": "2026-05-01T00:00:00Z"} for name in names]
    for given, event in zip(sent, alone, strict=False):
        content = json.dumps({**given, "data": event}).encode()
        headers = {"content-type": STRUCTURED_TYPE}
        answer = httpx2.post(collector.url, content=content, headers=headers)
        assert answer.status_code == 202
    batch = [{**given, "data": event} for given, event in zip(sent[3:], together, strict=True)]
    httpx2.post(collector.url, content=json.dumps(batch), headers=BATCH).raise_for_status()
    assert len(stored(database_url)) == 6
    with psycopg.connect(database_url) as connection:
        found = connection.execute("select stored, events, stream_sequence > 0 from messages")
        assert found.fetchall() == [(1, 1, False)] * 6


@pytest.mark.parametrize("mode", MODES)
def test_what_can_never_be_stored_is_not_acknowledged(
    collector: Served,
    database_url: str,
    mode: Form,
) -> None:
    for event in (facebook(age=-1), facebook(name="nul\0"), {"no": "event"}, "text", None):
        refused = httpx2.post(collector.url, **mode(event))
        assert refused.status_code == 422
        assert refused.json()["code"] == "event_rejected"
        # On a 4xx a broker would drop the event; it keeps what it has tried in vain.
        tried = httpx2.post(collector.url, **from_broker(mode(event)))
        assert tried.status_code == 500
        assert tried.json()["code"] == "undeliverable"
    assert stored(database_url) == []


def test_a_broken_event_is_not_acknowledged(collector: Served) -> None:
    for headers, content in BROKEN:
        plain = httpx2.post(collector.url, headers=headers, content=content)
        assert plain.status_code == 400
        broker = httpx2.post(collector.url, headers={**headers, **FROM_BROKER}, content=content)
        assert broker.status_code == 500


@pytest.mark.parametrize("prefer", [{}, FROM_BROKER])
def test_without_its_database_a_collector_asks_for_another_try(prefer: dict[str, str]) -> None:
    environment = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "DATABASE_TIMEOUT": "0.2"}
    with serve("shared.serve", "fb-consume", environment=environment, ready=False) as served:
        request = binary(facebook())
        request["headers"].update(prefer)
        answer = httpx2.post(served.url, **request)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


def asked_for(request: dict[str, Any]) -> bytes:
    """Return the head of a request that waits to be told to go on (RFC 9110, section 10.1.1)."""
    own = {"Host": "x", "Content-Length": str(len(request["content"])), "Expect": "100-continue"}
    headers = {**request["headers"], **own}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode()


def in_flight(calling: ExitStack, url: str, request: dict[str, Any]) -> socket.socket:
    """Send a request's head and return when its handler reads the body."""
    caller = calling.enter_context(silent_after(url, asked_for(request)))
    assert caller.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return caller


def ends(caller: socket.socket, rest: bytes) -> bytes:
    """Send what is missing and return the answer."""
    caller.sendall(rest)
    return heard(caller)


def statuses_over_sigterm(served: Served, requests: list[dict[str, Any]]) -> list[bytes]:
    """Send SIGTERM while requests are in flight, then what is missing of them.

    Returns the answers' statuses once the process has ended in good order.
    """
    with ExitStack() as calling:
        callers = [in_flight(calling, served.url, request) for request in requests]
        served.process.send_signal(signal.SIGTERM)
        answers = [
            ends(caller, request["content"])
            for caller, request in zip(callers, requests, strict=True)
        ]
        assert served.process.wait(20) == 0
    return [answer.split(b" ", 2)[1] for answer in answers]


def test_sigterm_loses_no_event_in_flight_at_ingest(ingest: Served, nats_url: str) -> None:
    events = [facebook() for _ in range(IN_FLIGHT)]
    requests = [{"headers": {}, "content": json.dumps(event).encode()} for event in events]
    assert statuses_over_sigterm(ingest, requests) == [b"200"] * IN_FLIGHT
    accepted = [event["eventId"] for event in streams.events(nats_url)]
    assert sorted(accepted) == sorted(event["eventId"] for event in events)


def test_sigterm_loses_no_event_in_flight_at_a_collector(
    collector: Served, database_url: str
) -> None:
    events = [facebook() for _ in range(IN_FLIGHT)]
    requests = [from_broker(binary(event, str(number))) for number, event in enumerate(events)]
    assert statuses_over_sigterm(collector, requests) == [b"202"] * IN_FLIGHT
    assert stored(database_url) == sorted(event["eventId"] for event in events)


def test_beyond_its_concurrency_it_asks_to_wait_and_stays_alive(
    collector: Served, database_url: str
) -> None:
    assert httpx2.post(collector.url, **binary(facebook(), "first")).status_code == 202
    requests = [from_broker(binary(facebook(), str(number))) for number in range(IN_FLIGHT)]
    with ExitStack() as calling, psycopg.connect(database_url) as blocker:
        callers = [in_flight(calling, collector.url, request) for request in requests]
        blocker.execute("lock table event_keys in access exclusive mode")
        for caller, request in zip(callers, requests, strict=True):
            caller.sendall(request["content"])
        refused: list[httpx2.Response] = []

        def is_refused() -> bool:
            refused.append(httpx2.post(collector.url, content=b"{}", headers=BATCH))
            return refused[-1].status_code == 429

        until(is_refused, 4)
        assert refused[-1].json()["code"] == "too_many_requests"
        assert int(refused[-1].headers["retry-after"]) >= 1
        assert httpx2.get(f"{collector.url}/health/live").status_code == 200
        blocker.rollback()
        for caller in callers:
            assert caller.recv(65536).startswith(b"HTTP/1.1 202 ")
    assert httpx2.post(collector.url, **binary(facebook(), "last")).status_code == 202
