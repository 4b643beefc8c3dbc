"""Load on a stack, and the proof that what was answered 2xx is counted once, to the cent."""

import itertools
import json
import os
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx2
import psutil
import stamina
import streams
from builders import facebook, tiktok
from nats.js import JetStreamContext
from stack import Stack, counts, reported, revenue, until

from infra.local.state import StateDir

REPEATABLE = (429, 502, 503, 504)
"""What a publisher answers with the same request again."""

PATIENCE = 90.0
"""Seconds in which each request gets its 2xx once the load is to end."""


@dataclass(frozen=True, slots=True)
class Form:
    """How hard the suite tries; `outage` is in seconds, `limit` bounds one test.

    `backlog` counts events.
    """

    kills: int
    outage: float
    cycles: int
    backlog: int
    limit: float


LONG = Form(kills=20, outage=60, cycles=100, backlog=1_000_000, limit=3600)
SHORT = Form(kills=2, outage=5, cycles=5, backlog=100_000, limit=240)
FORM = LONG if os.environ.get("FAULTS") == "long" else SHORT


@dataclass(slots=True)
class Ledger:
    """What a stack has answered 2xx to, each event being distinct."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    revenue: Decimal = Decimal(0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, events: list[dict[str, Any]]) -> None:
        """Add accepted events."""
        with self._lock:
            self.counts += counts(events)
            self.revenue += revenue(events)

    def prove(self, stack: Stack, timeout: float = 60, *, letters: int = 0) -> None:
        """Compare rows, rollups and revenue with what was accepted, and count the dead letters.

        `hookstream reconcile`, which does not know what was accepted, has to find no difference.
        """
        stack.settle(self.counts.total(), timeout)
        streams.wait_until_processed(stack.urls["nats"], "facebook", "tiktok", timeout=timeout)
        assert reported(stack.report("events")) == self.counts
        assert stack.rows() == self.counts
        assert Decimal(stack.report("revenue")["totalRevenue"]) == self.revenue
        assert dead_letters(stack) == letters
        assert reconciled(stack)["holds"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt: begun at a monotonic time, answered `seconds` later, status 0 if not at all."""

    begun: float
    seconds: float
    status: int
    retry_after: str | None

    @property
    def ended(self) -> float:
        """Return when the answer was there."""
        return self.begun + self.seconds


class Load:
    """Posts distinct events from several threads while the block runs.

    Requests without a 2xx are sent again, the same bytes, until they have one. Leaving the block
    waits for that and enters everything in the ledger.
    """

    def __init__(
        self,
        stack: Stack,
        ledger: Ledger,
        *,
        senders: int = 3,
        size: int = 40,
        timeout: float = 60,
    ) -> None:
        self.answers: list[Answer] = []
        self._stack = stack
        self._ledger = ledger
        self._size = size
        self._timeout = timeout
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(senders)
        self._senders = senders
        self._sending: list[Future[None]] = []
        self._give_up = float("inf")

    def __enter__(self) -> Self:
        self._sending = [self._pool.submit(self._send) for _ in range(self._senders)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_up = time.monotonic() + (PATIENCE if error is None else 0)
        self._stop.set()
        self._pool.shutdown()
        for sending in self._sending if error is None else ():
            sending.result()

    def accepted_since(self, begun: float) -> int:
        """Return how many requests that began at that time or later were answered 2xx."""
        return sum(a.status == 200 and a.begun >= begun for a in self.answers)

    def between(self, since: float, until: float) -> list[Answer]:
        """Return the answers to requests that began and ended in that time."""
        return [a for a in self.answers if a.begun >= since and a.ended <= until]

    def go_on(self, requests: int = 10, timeout: float = 60) -> None:
        """Return when that many further requests are accepted."""
        now = time.monotonic()
        until(lambda: self.accepted_since(now) >= requests or self._failed(), timeout)

    def go_on_for(self, seconds: float) -> None:
        """Return when a request has ended that many seconds from now."""
        end = time.monotonic() + seconds
        until(lambda: self.answers[-1].ended >= end or self._failed(), seconds + 30)

    def _failed(self) -> bool:
        """Raise what ended a sender early."""
        for sending in self._sending:
            if sending.done():
                sending.result()
        return False

    def _send(self) -> None:
        with httpx2.Client(timeout=self._timeout) as client:
            while not self._stop.wait(0.04):
                self._deliver(client, self._make(next(self._numbers)))

    def _make(self, number: int) -> list[dict[str, Any]]:
        kinds = (
            lambda: facebook("checkout.complete", purchaseAmount=f"{number}.01"),
            facebook,
            lambda: tiktok("purchase", purchaseAmount="0.99"),
            tiktok,
        )
        return [kinds[index % 4]() for index in range(self._size)]

    def _deliver(self, client: httpx2.Client, events: list[dict[str, Any]]) -> None:
        answer = self._insist(client, json.dumps(events).encode())
        assert answer["accepted"] == len(events)
        self._ledger.add(events)

    def _insist(self, client: httpx2.Client, body: bytes) -> dict[str, Any]:
        """Send a body until it is answered 200; return that answer."""
        headers = {"x-correlation-id": uuid.uuid4().hex}
        while (answer := self._sent(client, body, headers)) is None:
            assert time.monotonic() < self._give_up, "a request was never accepted"
            self._stop.wait(0.1)
        return answer

    def _sent(
        self, client: httpx2.Client, body: bytes, headers: dict[str, str]
    ) -> dict[str, Any] | None:
        begun = time.monotonic()
        url = f"{self._stack.urls['gateway']}/function/webhook-ingest"
        answer: httpx2.Response | None = None
        with suppress(httpx2.TransportError):
            answer = client.post(url, content=body, headers=headers)
        seconds = time.monotonic() - begun
        if answer is None:
            self.answers.append(Answer(begun, seconds, 0, None))
            return None
        status, retry_after = answer.status_code, answer.headers.get("retry-after")
        self.answers.append(Answer(begun, seconds, status, retry_after))
        if status != 200:
            assert status in REPEATABLE, answer.text
            return None
        return answer.json()  # type: ignore[no-any-return]


def dead_letters(stack: Stack) -> int:
    """Return the number of dead letters."""

    async def count(js: JetStreamContext) -> int:
        return (await js.stream_info("DEADLETTER")).state.messages

    return streams.with_jetstream(stack.urls["nats"], count)


def reconciled(stack: Stack) -> dict[str, Any]:
    """Return what `hookstream reconcile --json` prints; fails unless it exits 0."""
    return json.loads(stack.command("reconcile", "--json"))  # type: ignore[no-any-return]


def running(stack: Stack, name: str) -> list[int]:
    """Return the pids of the processes whose name begins with `name`, oldest first."""
    listed = StateDir(stack.state).read_status()["processes"]
    return [p["pid"] for p in listed if p["name"].startswith(name) and p["state"] == "running"]


def kill(stack: Stack, name: str) -> None:
    """End a running process of that name as `kill -9` does."""
    for attempt in stamina.retry_context(
        on=(AssertionError, psutil.NoSuchProcess), attempts=None, timeout=30, wait_max=0.2
    ):
        with attempt:
            pids = running(stack, name)
            assert pids, f"{name} does not run"
            victim = psutil.Process(pids[0])
            victim.kill()
    until(lambda: victim.pid not in running(stack, name) or not psutil.pid_exists(victim.pid))
