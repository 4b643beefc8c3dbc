"""Notices that a server behind a live connection has stopped answering."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_TICKS = 4
"""Parts of the patience: a busy event loop that reads nothing for one part does not end it."""


class Silence:
    """Ends every wait at once after `patience` seconds in which nothing was heard."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None
        self._waits: set[asyncio.Timeout] = set()
        self._probe_at: float | None = None

    @property
    def lasts(self) -> bool:
        """Say whether nothing was heard at last, and it is not yet time to wait once more.

        After another `patience` seconds a single wait at a time finds out.
        """
        if self._probe_at is None:
            return False
        return bool(self._waits) or asyncio.get_running_loop().time() < self._probe_at

    @contextmanager
    def bounds(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Have a deadline end while the block runs if nothing is heard."""
        self._waits.add(deadline)
        if self._timer is None:
            self._ticks = 0
            self._schedule()
        try:
            yield
        finally:
            self._waits.discard(deadline)
            if not self._waits and self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def heard(self) -> None:
        """Begin to wait anew."""
        self._ticks = 0
        self._probe_at = None

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._patience / _TICKS, self._tick)

    def _tick(self) -> None:
        self._ticks += 1
        self._schedule()
        if self._ticks == _TICKS:
            now = asyncio.get_running_loop().time()
            self._probe_at = now + self._patience
            for wait in self._waits:
                wait.reschedule(now)
