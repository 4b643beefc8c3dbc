"""Puts bodies on the stack and measures from the first POST to the last report."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urljoin

from infra.bench.disk import Growth, sizes
from infra.bench.driving import Driver
from infra.bench.freshness import cumulative, freshness, percentiles
from infra.bench.holding import held
from infra.bench.looker import Looker
from infra.bench.meanwhile import meanwhile
from infra.bench.measurement import Measurement
from infra.bench.rendering import length_of
from infra.bench.resources import Listing, Resources, Usage, combined
from infra.bench.wire import WireClient
from infra.publisher.bodies import Body
from infra.publisher.client import Client
from infra.publisher.comparison import Proof, compare
from infra.publisher.flow import Pace
from infra.publisher.ledger import Ledger
from infra.publisher.proof import baseline, prove
from infra.publisher.reports import Reports
from infra.publisher.retry import RetryPolicy
from infra.publisher.sender import Delivery, Sender, Verdict

INGEST: Final = "/function/webhook-ingest"


class MissingError(Exception):
    """A scenario needs a part of the stack that it cannot reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The stack: its gateway, where bodies go if not there, its servers and processes.

    `look_interval` and `patience` are seconds.
    """

    gateway: str
    direct: str | None
    listing: Listing
    nats_url: str | None = None
    database_url: str | None = None
    state_dir: Path = Path(".hookstream")
    look_interval: float = 0.1
    patience: float = 120.0

    @property
    def ingest(self) -> str:
        """The URL that bodies are posted to."""
        return self.direct or urljoin(self.gateway, INGEST)

    def nats(self) -> str:
        """Return the stream's server. Raises MissingError."""
        if self.nats_url is None:
            raise MissingError("this needs the stream's server: a local stack, or --nats-url")
        return self.nats_url

    def database(self) -> str:
        """Return the database. Raises MissingError."""
        if self.database_url is None:
            raise MissingError("this needs the database: a local stack, or --database-url")
        return self.database_url


@dataclass(frozen=True, slots=True)
class Load:
    """Bodies and how they go out: at a pace or as fast as answers come, all or for `seconds`.

    With `hold`, the connector gets nothing until all are accepted; the use of processes is then
    that of the phase named: "accept" or "drain".
    """

    bodies: Iterator[Body]
    concurrency: int
    pace: Pace | None = None
    seconds: float | None = None
    hold: str = ""


@dataclass(slots=True)
class _Phases:
    """When things happened, time.monotonic(), and what was used in between."""

    start: float
    released: float
    visible: float | None
    accepting: list[Usage]
    draining: list[Usage]


class LoadRun:
    """One measured run of a load; the load is used up."""

    def __init__(self, target: Target, load: Load) -> None:
        self._target = target
        self._load = load
        self._ledger = Ledger()
        self._deliveries: list[tuple[float, int, float]] = []
        self._requests = self._bytes = self._retries = 0

    async def __call__(self) -> Measurement:
        """Run and prove.

        Raises ReportError when the reports do not answer, HoldError when the connector cannot be
        held, psycopg.Error when the database does not answer.
        """
        target = self._target
        async with (
            Client(target.gateway, INGEST, timeout=target.patience) as client,
            WireClient(target.ingest, target.patience) as wire,
        ):
            reports = Reports(client)
            before = await baseline(reports)
            disk = await self._sizes()
            looker = Looker(reports, sum(before.events), target.look_interval)
            async with meanwhile(looker.watch()):
                phases = await self._run(wire, looker)
            check = partial(compare, self._ledger, before, allow_unknown=False)
            proof = await prove(reports, check, datetime.now(UTC), target.patience / 4)
        accepted = self._ledger.accepted.total
        growth = disk and Growth.between(disk, await self._sizes(), accepted, self._bytes)
        return self._measurement(phases, looker, proof, growth or None)

    async def _sizes(self) -> dict[str, int]:
        """Return the tables' sizes, none if the database is not known."""
        url = self._target.database_url
        return await asyncio.to_thread(sizes, url) if url else {}

    async def _run(self, wire: WireClient, looker: Looker) -> _Phases:
        accepting, draining = Resources(self._target.listing), Resources(self._target.listing)
        async with self._holding():
            start = time.monotonic()
            async with accepting.watched():
                await self._drive(wire)
        released = time.monotonic()
        async with draining.watched():
            visible = await looker.wait_for(self._ledger.accepted.total, self._target.patience)
        return _Phases(start, released, visible, accepting.usages(), draining.usages())

    @asynccontextmanager
    async def _holding(self) -> AsyncIterator[None]:
        if self._load.hold:
            async with held(self._target.nats()):
                yield
        else:
            yield

    async def _drive(self, wire: WireClient) -> None:
        retry = RetryPolicy(self._target.patience)
        sender = Sender(wire.post, retry, asyncio.Event(), Random())  # noqa: S311 - jitter
        load = self._load
        driver = Driver(sender.deliver, self._sending, self._delivered, load.concurrency, load.pace)
        await driver.run(load.bodies, load.seconds)

    def _sending(self, body: Body) -> None:
        self._requests += 1
        self._bytes += length_of(body)
        self._ledger.send(body.batch)

    def _delivered(self, delivery: Delivery, seconds: float) -> None:
        batch = delivery.body.batch
        self._retries += delivery.attempts - 1
        if delivery.verdict is Verdict.ANSWERED:
            self._ledger.settle(batch, delivery.refused)
            events = len(batch) - len(delivery.refused)
            self._deliveries.append((delivery.at, events, seconds))
        elif delivery.verdict is Verdict.UNKNOWN:
            self._ledger.lose(batch)

    def _measurement(
        self, phases: _Phases, looker: Looker, proof: Proof, growth: Growth | None
    ) -> Measurement:
        accepted = cumulative((at, events) for at, events, _ in self._deliveries)
        last = accepted[-1].at if accepted else time.monotonic()
        hold, visible = self._load.hold, phases.visible
        usages = {
            "accept": phases.accepting,
            "drain": phases.draining,
            "": combined(phases.accepting, phases.draining),
        }
        return Measurement(
            events=self._ledger.accepted.total,
            requests=self._requests,
            bytes=self._bytes,
            retries=self._retries,
            accept_seconds=last - phases.start,
            visible_seconds=visible - phases.start if visible else None,
            drain_seconds=visible - phases.released if visible and hold else None,
            freshness=None if hold else percentiles(freshness(accepted, looker.marks)),
            answers=percentiles((seconds, 1) for _, _, seconds in self._deliveries),
            revenue=str(sum(figure.reported for figure in proof.revenue.values())),
            failed_looks=looker.failures,
            usages=usages[hold],
            growth=growth,
            objections=proof.objections,
        )
