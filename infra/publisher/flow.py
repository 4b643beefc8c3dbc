"""Sends many bodies: paced, several at once, stopping when asked to."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from infra.publisher.bodies import Body
from infra.publisher.sender import Delivery


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` is in events a second, `interval` in seconds from request to request; 0 = no wait."""

    rate: float = 0.0
    interval: float = 0.0

    def due(self, requests: int, events: int) -> float:
        """Return when the next request is due, in seconds from the start, after so many sent."""
        by_rate = events / self.rate if self.rate else 0.0
        return max(by_rate, requests * self.interval)


class Flow:
    """Sends bodies with at most `concurrency` in flight.

    `sending` is called before each body goes out and `delivered` at its end. Bodies are made in a
    thread, one ahead, so that making a large one does not delay those in flight.
    """

    def __init__(
        self,
        deliver: Callable[[Body], Awaitable[Delivery]],
        pace: Pace,
        concurrency: int,
        stop: asyncio.Event,
    ) -> None:
        self._deliver = deliver
        self._pace = pace
        self._slots = asyncio.Semaphore(concurrency)
        self._stop = stop

    async def run(
        self,
        bodies: Iterator[Body],
        sending: Callable[[Body], None],
        delivered: Callable[[Delivery], None],
    ) -> None:
        """Send all bodies and wait for their ends. Raises what a delivery raised."""
        start = time.monotonic()
        requests = events = 0
        async with asyncio.TaskGroup() as group:
            while not self._stop.is_set():
                body = await asyncio.to_thread(next, bodies, None)
                if body is None:
                    return
                await self._slots.acquire()
                await self._wait(start + self._pace.due(requests, events))
                if self._stop.is_set():
                    return
                requests += 1
                events += len(body.batch)
                sending(body)
                group.create_task(self._send(body, delivered))

    async def _send(self, body: Body, delivered: Callable[[Delivery], None]) -> None:
        try:
            delivered(await self._deliver(body))
        finally:
            self._slots.release()

    async def _wait(self, until: float) -> None:
        delay = until - time.monotonic()
        if delay <= 0:
            return
        try:
            await asyncio.wait_for(self._stop.wait(), delay)
        except TimeoutError:
            return
