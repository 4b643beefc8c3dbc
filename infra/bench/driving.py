"""Sends bodies: as fast as answers come, or when they are due, whether or not answers came.

With a pace, an answer's time counts from the moment that its body was due: what waits because the
stack is slow is not left out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from infra.publisher.bodies import Body
from infra.publisher.flow import Pace
from infra.publisher.sender import Delivery

Deliver = Callable[[Body], Awaitable[Delivery]]
Sending = Callable[[Body], None]
Delivered = Callable[[Delivery, float], None]
"""Is told of a body's end, and how many seconds that took."""


@dataclass(frozen=True, slots=True)
class Driver:
    """Sends with at most `concurrency` bodies in flight; without a pace, always with as many.

    `sending` is called before each body goes out and `delivered` at its end.
    """

    deliver: Deliver
    sending: Sending
    delivered: Delivered
    concurrency: int
    pace: Pace | None = None

    async def run(self, bodies: Iterator[Body], seconds: float | None) -> None:
        """Send all bodies, or those whose turn comes within `seconds`, and wait for their ends.

        A pace that is too fast for the stack leaves bodies unsent. Raises what a delivery raised.
        """
        start = time.monotonic()
        until = start + seconds if seconds else None
        async with asyncio.TaskGroup() as group:
            if self.pace is not None:
                await self._paced(group, bodies, start, until)
                return
            for _ in range(self.concurrency):
                group.create_task(self._busily(bodies, until))

    async def _busily(self, bodies: Iterator[Body], until: float | None) -> None:
        while (now := time.monotonic()) < (until or now + 1):
            body = next(bodies, None)
            if body is None:
                return
            self.sending(body)
            await self._deliver(body, now)

    async def _paced(
        self,
        group: asyncio.TaskGroup,
        bodies: Iterator[Body],
        start: float,
        until: float | None,
    ) -> None:
        slots = asyncio.Semaphore(self.concurrency)
        pace = self.pace or Pace()
        events = 0
        for requests, body in enumerate(bodies):
            due = start + pace.due(requests, events)
            if until is not None and due >= until:
                return
            await asyncio.sleep(due - time.monotonic())
            await slots.acquire()
            if until is not None and time.monotonic() >= until:
                return
            events += len(body.batch)
            self.sending(body)
            group.create_task(self._in_slot(slots, body, due))

    async def _in_slot(self, slots: asyncio.Semaphore, body: Body, due: float) -> None:
        try:
            await self._deliver(body, due)
        finally:
            slots.release()

    async def _deliver(self, body: Body, due: float) -> None:
        delivery = await self.deliver(body)
        self.delivered(delivery, delivery.at - due)
