"""Takes messages of one subject from INVOCATIONS, some at once, until each is done with."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

from infra.local.invocations.messages import STREAM, consumer, invocations_stream
from shared.errors import Problem
from shared.stream.connection import Broker
from shared.stream.topology import restore_stream
from shared.telemetry import fields

_AT_ONCE = 16
_FETCH = 5.0
_HEARTBEAT = 10.0
_PAUSE = 1.0

logger = logging.getLogger(__name__)

Handle = Callable[[Msg], Awaitable[float | None]]
"""Works on a message; returns the seconds until the next attempt, None if it is done with."""


class Deliveries:
    """Has `handle` work on each message of `subject` at least once: a kill may come between.

    The stream is made with that many `replicas` if it is missing.
    """

    def __init__(self, broker: Broker, replicas: int, subject: str, handle: Handle) -> None:
        self._broker = broker
        self._stream = invocations_stream(replicas)
        self._subject = subject
        self._handle = handle
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Deliver until cancelled; the broker may come and go."""
        while True:
            try:
                await self._broker.available(patience=None)
                await self._take(await self._subscribe())
            except (NatsError, Problem) as error:
                said = fields(subject=self._subject, error=str(error))
                logger.warning("asynchronous invocations wait", extra=said)
                await asyncio.sleep(_PAUSE)

    async def finish(self, patience: float) -> None:
        """Wait for what is being worked on; give the rest back."""
        if self._working:
            await asyncio.wait(self._working, timeout=patience)
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _subscribe(self) -> JetStreamContext.PullSubscription:
        js = self._broker.jetstream
        await restore_stream(js, self._stream)
        wanted = consumer(self._subject)
        await js.add_consumer(STREAM, wanted)
        return await js.pull_subscribe_bind(consumer=wanted.durable_name, stream=STREAM)

    async def _take(self, subscription: JetStreamContext.PullSubscription) -> None:
        while True:
            await self._free.acquire()
            try:
                message = await _next(subscription)
            except BaseException:
                self._free.release()
                raise
            if message is None:
                self._free.release()
                continue
            task = asyncio.create_task(self._work(message))
            self._working.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._free.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an invocation is left for a later attempt", exc_info=error)

    async def _work(self, message: Msg) -> None:
        alive = asyncio.create_task(_keep(message))
        try:
            delay = await self._handle(message)
            if delay is None:
                await message.ack_sync()
            else:
                await message.nak(delay)
        except msgspec.MsgspecError:
            logger.exception("a message is not understood and dropped")
            await message.term()
        except asyncio.CancelledError:
            with suppress(NatsError):
                await message.nak()
            raise
        finally:
            alive.cancel()


async def _next(subscription: JetStreamContext.PullSubscription) -> Msg | None:
    """Return the next message, None if there is none for some seconds. Raises NatsError."""
    started = monotonic()
    try:
        [message] = await subscription.fetch(1, timeout=_FETCH)
    except NatsTimeoutError:
        if monotonic() - started < _FETCH / 2:
            raise  # The client calls it a timeout, too, if nobody answers for the consumer.
        return None
    return message


async def _keep(message: Msg) -> None:
    """Have the server wait for a message that takes its time."""
    while True:
        await asyncio.sleep(_HEARTBEAT)
        with suppress(NatsError):  # then the message is delivered again, once the broker is back
            await message.in_progress()
