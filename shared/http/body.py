"""The body of a request on its way from the connection to the application."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Self


class Body:
    """Holds what came and is not read; `throttle` is called when that changes by much.

    `full` says that the caller has to wait.
    """

    __slots__ = (
        "_failure",
        "_high",
        "_parts",
        "_size",
        "_throttle",
        "_waiter",
        "complete",
        "exists",
        "full",
        "left",
    )

    def __init__(self, throttle: Callable[[], None], high: int) -> None:
        self.exists = True
        self.complete = False
        self.full = False
        self.left: int | None = None
        """Bytes to come, if the head says so."""
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._high = high
        self._throttle = throttle
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None

    @classmethod
    def empty(cls) -> Self:
        """Return the body of a request that has none."""
        body = cls(lambda: None, 0)
        body.exists = False
        body.complete = True
        return body

    @property
    def awaited(self) -> bool:
        """Say whether nothing of the body has come yet."""
        return not self._parts and not self.complete

    def whole(self) -> bytes | None:
        """Take the body if all of it is there in one piece; else return None."""
        if not self.complete or len(self._parts) > 1:
            return None
        return self.take()[0] if self._parts else b""

    def take(self) -> list[bytes]:
        """Return the parts that are there, without waiting."""
        parts = list(self._parts)
        self._parts.clear()
        self._taken(self._size)
        return parts

    async def next(self) -> bytes | None:
        """Return the next part, None at the end. Raises what `fail` was given."""
        while not self._parts:
            if self.complete:
                return None
            if self._failure is not None:
                raise self._failure
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        part = self._parts.popleft()
        self._taken(len(part))
        return part

    def _taken(self, size: int) -> None:
        self._size -= size
        if self.full and self._size <= self._high // 4:
            self.full = False
            self._throttle()

    def feed(self, part: bytes) -> None:
        """Take a part from the connection."""
        if self._failure is not None:
            return
        self._parts.append(part)
        self._size += len(part)
        self._wake()
        if self._size > self._high and not self.full:
            self.full = True
            self._throttle()

    def finish(self) -> None:
        """Know that there is no more to come."""
        self.complete = True
        self._wake()

    def fail(self, failure: Exception) -> None:
        """Have the reader fail, unless all has come; drop what is not read and what comes."""
        if self.complete:
            return
        self._failure = failure
        self._parts.clear()
        self._size = 0
        self.full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
