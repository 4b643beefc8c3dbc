"""One source's way from the stream to its function.

Killed anywhere here, what was not acknowledged is delivered again and, where it was stored
already, known as a duplicate.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import msgspec
from nats.errors import Error as NatsError

from infra.connector.attempts import ATTEMPTS_EXHAUSTED, Attempts
from infra.connector.backoff import Backoff
from infra.connector.checksums import Inspection
from infra.connector.invocation import OutageError, RefusalError, Target, invoke
from infra.connector.letters import letters
from infra.connector.metrics import (
    ATTEMPTS,
    DEAD_LETTERS,
    DELIVERIES,
    INVOCATION_DURATION,
    INVOCATIONS,
    REDELIVERIES,
)
from infra.connector.pulling import HeldMessage, PullConsumer
from infra.connector.telling import about, traceparents
from shared.batch import BatchAnswer, ItemFailure, RejectedEvent, StoredMessage
from shared.dead_letters.mending import mend
from shared.dead_letters.rejections import raw_events
from shared.errors import Problem
from shared.settings import MIB, Settings
from shared.store.pool import Database
from shared.stream.connection import Broker
from shared.stream.dead_letters import bury
from shared.stream.publishing import Publisher
from shared.telemetry import fields, is_sampled
from shared.tracing import MOST_LINKS, span

IDLE_PATIENCE = 1.0
MAX_INVOCATION_BYTES = 16 * MIB

logger = logging.getLogger(__name__)

Batch = Sequence[HeldMessage]


@dataclass(frozen=True, slots=True)
class Links:
    """The connections that all routes share."""

    broker: Broker
    publisher: Publisher
    database: Database
    session: aiohttp.ClientSession
    ensure_topology: Callable[[], Awaitable[None]]


class Route:
    """Pulls a source's messages and delivers them to its function, a few batches at a time."""

    def __init__(self, source: str, target: Target, links: Links, chosen: Settings) -> None:
        self._source = source
        self._target = target
        self._links = links
        self._settings = chosen
        self._inspection = Inspection(links.database, links.publisher)
        self._consumer = PullConsumer(links.broker, source, _buffer_size(chosen))
        self._circuit = self._backoff()
        self._attempts = Attempts(chosen.max_attempts, 2 * chosen.max_ack_pending)
        self._resume_at = 0.0
        self._grows_until = 0.0
        self._held: set[HeldMessage] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Deliver until stop() is called and what is in flight has ended."""
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._keep_held())
            while not self._stopping.is_set():
                try:
                    await self._step(group)
                except (Problem, NatsError):
                    await self._pause(IDLE_PATIENCE)
            await asyncio.gather(*self._calls)
            keeper.cancel()
        for message in self._consumer.buffered:
            await message.nak(0)

    def stop(self) -> None:
        """Stop pulling; what is buffered goes back to the stream."""
        self._stopping.set()
        self._consumer.wake()

    async def _step(self, group: asyncio.TaskGroup) -> None:
        """Start one call when there is room for it, a message for it and no outage."""
        if len(self._calls) >= self._concurrency():
            await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
            return
        if (wait := self._resume_at - time.monotonic()) > 0:
            await self._pause(wait)
            return
        if self._consumer.missing:
            await self._links.ensure_topology()
            self._consumer.missing = False
        if await self._consumer.wait(IDLE_PATIENCE):
            await self._consumer.fill(self._grows_until - time.monotonic())
            if self._stopping.is_set():
                return
            batch, full = self._take()
            if not full:
                self._grows_until = time.monotonic() + self._settings.invoke_linger
            call = group.create_task(self._deliver(batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            # Last, for it raises while the broker is away, and what is taken must be delivered.
            await self._consumer.request()

    def _concurrency(self) -> int:
        """Probe with a single call while the last one failed."""
        return 1 if self._circuit.failures else self._settings.invoke_concurrency

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _take(self) -> tuple[list[HeldMessage], bool]:
        """Return the next batch, and whether more was waiting than fits into it."""
        buffer = self._consumer.buffered
        batch: list[HeldMessage] = []
        events = size = 0
        while buffer and len(batch) < self._settings.invoke_max_messages:
            stored = buffer[0].stored
            events += stored.events
            size += stored.size
            full = events > self._settings.invoke_max_events or size > MAX_INVOCATION_BYTES
            if batch and full:
                break
            batch.append(buffer.popleft())
        DELIVERIES.labels(self._source).inc(len(batch))
        REDELIVERIES.labels(self._source).inc(sum(m.deliveries > 1 for m in batch))
        self._held.update(batch)
        return batch, bool(buffer)

    async def _deliver(self, batch: Batch) -> None:
        sound = batch
        try:
            if sound := await self._inspection.sound(batch):
                await self._invoke(sound)
        except OutageError as outage:
            await self._give_back(batch, outage)
        except Problem as problem:
            await self._give_back(batch, OutageError(problem.kind.code, problem.retry_after))
        except Exception:
            # An answer that makes no sense must cost neither its messages nor the other routes.
            logger.exception("unexpected error")
            await self._give_back(batch, OutageError("internal_error"))
        finally:
            self._held.difference_update(batch)

    async def _invoke(self, batch: Batch) -> None:
        try:
            answer = await self._call([message.stored for message in batch])
        except RefusalError as refusal:
            await self._divide(batch, refusal)
        else:
            await self._settle(batch, answer)

    async def _call(self, messages: Sequence[StoredMessage]) -> BatchAnswer:
        started = time.perf_counter()
        contexts = traceparents(messages, most=2)
        parent = contexts[0] if len(contexts) == 1 else ""
        links = () if parent else traceparents(messages, most=MOST_LINKS) if contexts else ()
        try:
            with span(f"deliver {self._target.name}", "consumer", parent, links) as delivery:
                delivery.note(hookstream__messages=len(messages))
                session, context = self._links.session, delivery.context
                answer = await invoke(session, self._target, messages, context)
        except RefusalError:
            INVOCATIONS.labels(self._target.name, "refused").inc()
            self._circuit.succeeded()
            logger.warning("refused", extra=fields(function=self._target.name, **about(messages)))
            raise
        elapsed = time.perf_counter() - started
        INVOCATION_DURATION.labels(self._target.name).observe(elapsed)
        INVOCATIONS.labels(self._target.name, "ok").inc()
        self._circuit.succeeded()
        members = about(messages)
        line = fields(
            function=self._target.name,
            milliseconds=round(elapsed * 1000, 3),
            failed=len(answer.batchItemFailures),
            rejected=len(answer.rejected),
            **members,
        )
        if answer.batchItemFailures or answer.rejected or is_sampled(members["sequences"]):
            logger.info("delivered", extra=line)
        return answer

    async def _divide(self, batch: Batch, refusal: RefusalError) -> None:
        """Find the message that makes the function refuse a batch, and what is wrong with it."""
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._invoke(batch[:middle])
            await self._invoke(batch[middle:])
            return
        mended, rejected = mend(batch[0].stored)
        try:
            answer = await self._call([mended]) if rejected else _refused(mended, refusal)
        except RefusalError as again:
            answer = _refused(mended, again)
        known = {rejection.index for rejection in rejected}
        others = [rejection for rejection in answer.rejected if rejection.index not in known]
        rejected += others
        if len(rejected) == len(raw_events(mended.payload)):
            await self._inspection.record_rejected(mended)
        await self._settle(batch, msgspec.structs.replace(answer, rejected=rejected))

    async def _settle(self, batch: Batch, answer: BatchAnswer) -> None:
        """Bury what was rejected, give back what failed, acknowledge the rest, in that order."""
        rejected = defaultdict(list)
        for rejection in answer.rejected:
            rejected[rejection.itemIdentifier].append(rejection)
        for message in batch:
            if message.stored.id in rejected:
                await self._bury(message, rejected[message.stored.id])
        failed = {failure.itemIdentifier: failure for failure in answer.batchItemFailures}
        for message in batch:
            if failure := failed.get(message.stored.id):
                await self._settle_failed(message, failure)
            else:
                await message.ack()
                ATTEMPTS.labels(self._source).observe(message.deliveries)
                self._attempts.forget(message.stored)

    async def _settle_failed(self, message: HeldMessage, failure: ItemFailure) -> None:
        """Give the message back or, if that was its last attempt, bury all of it.

        An event that was rejected keeps its letter: the stream takes one of each. The ledger
        learns of it before the acknowledgement, for letters may be dropped later.
        """
        failures = self._attempts.failed(message.stored)
        if not self._attempts.used_up(failures):
            await message.nak(self._backoff(failures).delay(failure.retryAfterSeconds))
            return
        reason = f"The function has failed its message {failures} times."
        await self._bury(message, _reject_all(message.stored, ATTEMPTS_EXHAUSTED, reason))
        await self._inspection.record_rejected(message.stored)
        await message.ack()
        self._attempts.forget(message.stored)

    async def _bury(self, message: HeldMessage, rejected: Sequence[RejectedEvent]) -> None:
        for letter in letters(message, rejected):
            await bury(self._links.publisher, letter)
            DEAD_LETTERS.labels(self._source, letter.code).inc()

    def _backoff(self, failures: int = 0) -> Backoff:
        chosen = self._settings
        return Backoff(chosen.retry_base, chosen.retry_max, chosen.retry_after_max, failures)

    async def _give_back(self, batch: Batch, outage: OutageError) -> None:
        INVOCATIONS.labels(self._target.name, "outage").inc()
        self._circuit.failed()
        delay = self._circuit.delay(outage.retry_after)
        self._resume_at = time.monotonic() + delay
        logger.warning(
            "outage",
            extra=fields(
                function=self._target.name,
                reason=outage.reason,
                failures=self._circuit.failures,
                delay=round(delay, 3),
                **about([message.stored for message in batch]),
            ),
        )
        for message in batch:
            await message.nak(delay)

    async def _keep_held(self) -> None:
        """Extend the deadlines of everything held, long before they pass."""
        while True:
            await asyncio.sleep(self._settings.ack_wait / 3)
            for message in [*self._held, *self._consumer.buffered]:
                await message.extend()


def _buffer_size(chosen: Settings) -> int:
    return min(chosen.max_ack_pending, 4 * chosen.invoke_max_events // chosen.pack_max_events)


def _refused(message: StoredMessage, refusal: RefusalError) -> BatchAnswer:
    """Return the answer that rejects every event of a message."""
    return BatchAnswer(rejected=_reject_all(message, "invalid_batch", str(refusal)))


def _reject_all(message: StoredMessage, code: str, detail: str) -> list[RejectedEvent]:
    events = range(len(raw_events(message.payload)))
    return [RejectedEvent(message.id, index, code, detail) for index in events]
