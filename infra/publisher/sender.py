"""Delivers one body: posts it, and posts the very same bytes again while that may help."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from random import Random

import msgspec

from infra.publisher.answers import Reply
from infra.publisher.bodies import Body
from infra.publisher.retry import FINAL, RETRYABLE, RetryPolicy

Post = Callable[[Body], Awaitable[Reply]]
"""Posts a body. Raises TransportError when no answer came."""


class TransportError(Exception):
    """No answer: the connection failed, was reset, or took too long."""


class Verdict(Enum):
    """How a delivery ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body's end. `refused` maps indexes to codes; `at` is time.monotonic() of the answer.

    `seconds` is how long the last attempt took; `problem` describes any end but ANSWERED.
    """

    body: Body
    verdict: Verdict
    attempts: int
    seconds: float
    at: float
    refused: dict[int, str]
    problem: str = ""


class Sender:
    """Delivers bodies; once `stop` is set, it no longer retries."""

    def __init__(self, post: Post, policy: RetryPolicy, stop: asyncio.Event, rng: Random) -> None:
        self._post = post
        self._policy = policy
        self._stop = stop
        self._rng = rng

    async def deliver(self, body: Body) -> Delivery:
        """Post a body until it is answered for good, refused as a whole, or given up."""
        first = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            start = time.monotonic()
            try:
                reply: Reply | TransportError = await self._post(body)
            except TransportError as error:
                reply = error
            end = time.monotonic()
            verdict, refused, problem = _judge(reply, len(body.batch))
            if verdict is Verdict.UNKNOWN and await self._again(attempt, end - first, reply):
                continue
            return Delivery(body, verdict, attempt, end - start, end, refused, problem)

    async def _again(self, attempt: int, elapsed: float, reply: Reply | TransportError) -> bool:
        wish = reply.retry_after if isinstance(reply, Reply) else None
        delay = self._policy.delay(self._rng, attempt, elapsed, wish)
        if delay is None or self._stop.is_set():
            return False
        try:
            await asyncio.wait_for(self._stop.wait(), delay)
        except TimeoutError:
            return True
        return False


def _judge(reply: Reply | TransportError, size: int) -> tuple[Verdict, dict[int, str], str]:
    if isinstance(reply, TransportError):
        return Verdict.UNKNOWN, {}, str(reply)
    if reply.status in FINAL:
        try:
            return Verdict.ANSWERED, reply.parsed().refused(size), ""
        except (msgspec.MsgspecError, ValueError) as error:
            return Verdict.REFUSED, {}, f"{reply.reason()}: {error}"
    verdict = Verdict.UNKNOWN if reply.status in RETRYABLE else Verdict.REFUSED
    return verdict, {}, reply.reason()
