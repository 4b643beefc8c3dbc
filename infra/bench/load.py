"""Puts prepared bodies on the stack and measures from the first POST to the last report."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final
from urllib.parse import urljoin

from infra.bench.freshness import cumulative, freshness, percentiles
from infra.bench.looker import Looker
from infra.bench.measurement import Measurement
from infra.bench.resources import Listing, Resources
from infra.bench.wire import WireClient
from infra.publisher.bodies import Body
from infra.publisher.client import Client
from infra.publisher.comparison import Proof, compare
from infra.publisher.flow import Flow, Pace
from infra.publisher.ledger import Ledger
from infra.publisher.proof import baseline, prove
from infra.publisher.reports import Reports
from infra.publisher.retry import RetryPolicy
from infra.publisher.sender import Delivery, Sender, Verdict

INGEST: Final = "/function/webhook-ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The stack: its gateway, where bodies go if not there, and its processes."""

    gateway: str
    direct: str | None
    listing: Listing
    look_interval: float = 0.1
    patience: float = 120.0

    @property
    def ingest(self) -> str:
        """The URL that bodies are posted to."""
        return self.direct or urljoin(self.gateway, INGEST)


@dataclass(frozen=True, slots=True)
class Load:
    """Bodies, made beforehand, and how they go out: `interval` seconds apart, 0 = at once."""

    bodies: deque[Body]
    concurrency: int
    interval: float = 0.0


class LoadRun:
    """One measured run of a load; the load is used up."""

    def __init__(self, target: Target, load: Load) -> None:
        self._target = target
        self._load = load
        self._ledger = Ledger()
        self._deliveries: list[tuple[float, int, float]] = []
        self._requests = self._bytes = self._retries = 0

    async def __call__(self) -> Measurement:
        """Run and prove. Raises ReportError when the reports do not answer."""
        target = self._target
        resources = Resources(target.listing)
        async with (
            Client(target.gateway, INGEST, timeout=target.patience) as client,
            WireClient(target.ingest, target.patience) as wire,
        ):
            reports = Reports(client)
            before = await baseline(reports)
            looker = Looker(reports, sum(before.events), target.look_interval)
            async with _meanwhile(resources.watch(), looker.watch()):
                start = time.monotonic()
                await self._drive(wire)
                accepted = self._ledger.accepted.total
                visible = await looker.wait_for(accepted, target.patience)
                resources.sample()
            check = partial(compare, self._ledger, before, allow_unknown=False)
            proof = await prove(reports, check, datetime.now(UTC), target.patience / 4)
        return self._measurement(start, visible, looker, resources, proof)

    async def _drive(self, wire: WireClient) -> None:
        retry = RetryPolicy(self._target.patience)
        sender = Sender(wire.post, retry, asyncio.Event(), Random())  # noqa: S311 - jitter
        load = self._load
        if load.interval:
            pace = Pace(interval=load.interval)
            flow = Flow(sender.deliver, pace, load.concurrency, asyncio.Event())
            await flow.run(_drain(load.bodies), self._sending, self._delivered)
            return
        async with asyncio.TaskGroup() as group:
            for _ in range(load.concurrency):
                group.create_task(self._work(sender.deliver))

    async def _work(self, deliver: Callable[[Body], Awaitable[Delivery]]) -> None:
        for body in _drain(self._load.bodies):
            self._sending(body)
            self._delivered(await deliver(body))

    def _sending(self, body: Body) -> None:
        self._requests += 1
        self._bytes += len(body.content)
        self._ledger.send(body.batch)

    def _delivered(self, delivery: Delivery) -> None:
        batch = delivery.body.batch
        self._retries += delivery.attempts - 1
        if delivery.verdict is Verdict.ANSWERED:
            self._ledger.settle(batch, delivery.refused)
            events = len(batch) - len(delivery.refused)
            self._deliveries.append((delivery.at, events, delivery.seconds))
        elif delivery.verdict is Verdict.UNKNOWN:
            self._ledger.lose(batch)

    def _measurement(
        self,
        start: float,
        visible: float | None,
        looker: Looker,
        resources: Resources,
        proof: Proof,
    ) -> Measurement:
        accepted = cumulative((at, events) for at, events, _ in self._deliveries)
        last = accepted[-1].at if accepted else time.monotonic()
        return Measurement(
            events=self._ledger.accepted.total,
            requests=self._requests,
            bytes=self._bytes,
            retries=self._retries,
            accept_seconds=last - start,
            visible_seconds=visible - start if visible else None,
            freshness=percentiles(freshness(accepted, looker.marks)),
            answers=percentiles((seconds, 1) for _, _, seconds in self._deliveries),
            revenue=str(sum(figure.reported for figure in proof.revenue.values())),
            failed_looks=looker.failures,
            usages=resources.usages(),
            objections=proof.objections,
        )


def _drain(bodies: deque[Body]) -> Iterator[Body]:
    while bodies:
        yield bodies.popleft()


@asynccontextmanager
async def _meanwhile(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the work besides, and cancel it at the end. Raises what it raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
