"""Looks at the report of events again and again, and remembers what it saw when."""

import asyncio
import time

from infra.bench.freshness import Mark
from infra.publisher.reports import ReportError, Reports


class Looker:
    """`marks` holds the growth since `before` at each look, timed when the answer came."""

    def __init__(self, reports: Reports, before: int, interval: float) -> None:
        self._reports = reports
        self._before = before
        self._interval = interval
        self.marks: list[Mark] = []
        self.failures = 0
        self._looked = asyncio.Event()

    async def watch(self) -> None:
        """Look until cancelled. A look that fails is counted."""
        while True:
            try:
                total = await self._reports.total_events()
            except ReportError:
                self.failures += 1
            else:
                self._looked.set()
                self.marks.append(Mark(time.monotonic(), total - self._before))
            await asyncio.sleep(self._interval)

    def seen(self, events: int) -> float | None:
        """Return the moment of the first look that saw so many events."""
        return next((mark.at for mark in self.marks if mark.events >= events), None)

    async def wait_for(self, events: int, patience: float) -> float | None:
        """Return that moment once it came, or None after `patience` seconds without more events."""
        while (moment := self.seen(events)) is None:
            known = self._most()
            try:
                async with asyncio.timeout(patience):
                    while self._most() <= known:
                        self._looked.clear()
                        await self._looked.wait()
            except TimeoutError:
                return None
        return moment

    def _most(self) -> int:
        return max((mark.events for mark in self.marks), default=-1)
