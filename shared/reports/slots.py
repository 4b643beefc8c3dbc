"""Bounds how many costly reports are made at once, so that quick ones find a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import Problem


class Slots:
    """So many at once; who finds none free waits `patience` seconds for one."""

    def __init__(self, number: int, patience: float) -> None:
        self._free = asyncio.Semaphore(max(1, number))
        self._patience = patience

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a slot while the block runs. Raises Problem too_many_requests."""
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            detail = "Other costly reports are being made; ask again, for less if you can."
            raise Problem("too_many_requests", detail, retry_after=self._patience) from None
        try:
            yield
        finally:
            self._free.release()
