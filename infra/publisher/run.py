"""One run of the publisher: generate, send, and prove."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Final

from infra.publisher.bodies import Body, body
from infra.publisher.client import Client
from infra.publisher.comparison import Proof, compare, objections
from infra.publisher.flow import Flow, Pace
from infra.publisher.generator import Generator, Plan
from infra.publisher.interrupts import Stop, until
from infra.publisher.ledger import Ledger
from infra.publisher.progress import Progress
from infra.publisher.proof import baseline, prove
from infra.publisher.reports import Reports
from infra.publisher.retry import RetryPolicy
from infra.publisher.sender import Delivery, Sender, Verdict

_OVER: Final = "More than was sent: did somebody else send events meanwhile?"
_UNDER: Final = (
    "Less than was accepted: is the stack still working on it, or were these very events (--seed)"
    " sent before? An event counts once, however often it is sent."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to send, where and how. Times are in seconds."""

    plan: Plan
    gateway: str
    path: str = "/function/webhook-ingest"
    headers: dict[str, str] = field(default_factory=dict)
    form: str = "array"
    encoding: str = "none"
    concurrency: int = 4
    pace: Pace = field(default_factory=Pace)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: float = 60.0
    prove: bool = True
    prove_wait: float = 60.0
    allow_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run's end. `proof` is None when none was asked for, or the run was interrupted."""

    progress: Progress
    ledger: Ledger
    interrupted: bool
    objections: list[str]
    proof: Proof | None = None

    @property
    def ok(self) -> bool:
        """Whether all went as it should."""
        return not self.objections and not self.interrupted


class Run:
    """Carries out a job. `progress` may be watched while it runs."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.progress = Progress()
        self._ledger = Ledger()
        self._flying: dict[int, Body] = {}

    async def __call__(self) -> Outcome:
        """Send and prove. Raises ReportError when a proof is asked for and no report answers."""
        job, stop = self._job, Stop()
        client = Client(job.gateway, job.path, timeout=job.timeout, headers=job.headers)
        async with client:
            with stop.on_signals():
                proof = await self._send_and_prove(client, stop)
        found = proof.objections if proof else self._objections()
        return Outcome(self.progress, self._ledger, stop.asked.is_set(), found, proof)

    def _objections(self) -> list[str]:
        return objections(self._ledger, allow_unknown=self._job.allow_unknown)

    async def _send_and_prove(self, client: Client, stop: Stop) -> Proof | None:
        job, reports = self._job, Reports(client)
        before = await until(stop.asked, baseline(reports)) if job.prove else None
        if not stop.asked.is_set():
            await self._send(client, stop)
        if before is None or stop.asked.is_set():
            return None
        check = partial(compare, self._ledger, before, allow_unknown=job.allow_unknown)
        proof = await until(stop.asked, prove(reports, check, datetime.now(UTC), job.prove_wait))
        if proof and not proof.agrees:
            proof.notes.append(_OVER if proof.overcounted else _UNDER)
        return proof

    def _bodies(self) -> Iterator[Body]:
        for batch in Generator(self._job.plan).batches():
            yield body(batch, self._job.form, self._job.encoding)

    async def _send(self, client: Client, stop: Stop) -> None:
        job = self._job
        sender = Sender(client.post, job.retry, stop.asked, Random())  # noqa: S311 - jitter
        flow = Flow(sender.deliver, job.pace, job.concurrency, stop.asked)
        self.progress.start()
        await until(stop.now, flow.run(self._bodies(), self._sending, self._delivered))
        self.progress.finish()
        for lost in self._flying.values():
            self._ledger.lose(lost.batch)

    def _sending(self, sent: Body) -> None:
        self._flying[id(sent)] = sent
        self.progress.sending(sent)
        self._ledger.send(sent.batch)

    def _delivered(self, delivery: Delivery) -> None:
        del self._flying[id(delivery.body)]
        self.progress.delivered(delivery)
        if delivery.verdict is Verdict.ANSWERED:
            self._ledger.settle(delivery.body.batch, delivery.refused)
        elif delivery.verdict is Verdict.UNKNOWN:
            self._ledger.lose(delivery.body.batch)
