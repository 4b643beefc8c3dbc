"""A bound for the time that requests take, at the price of one timer for all of them."""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Gives everything the same number of seconds, so that what began first also ends first.

    asyncio.timeout sets and cancels a timer of the event loop for each use, which costs more
    than the rest of what the gateway itself does with a small request's head.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[Deadline, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, deadline: "Deadline") -> None:
        """Let the time of a block run from now."""
        loop = asyncio.get_running_loop()
        self._ends[deadline] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)

    def end(self, deadline: "Deadline") -> None:
        """Forget a block that is left."""
        self._ends.pop(deadline, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timer = None
        for deadline, end in list(self._ends.items()):
            if end > now:
                self._timer = loop.call_at(end, self._look)
                return
            del self._ends[deadline]
            deadline.expire()


class Deadline:
    """Cancels what the block waits for when its time is over, and makes that a TimeoutError."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._expired = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def __enter__(self) -> Self:
        self._task = task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is a task's")
        self._cancelling = task.cancelling()
        self._deadlines.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.end(self)
        if not self._expired or self._task is None:
            return
        # As asyncio.timeout does it: a cancellation by somebody else goes on.
        alone = self._task.uncancel() <= self._cancelling
        if alone and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End the block."""
        self._expired = True
        if self._task is not None:
            self._task.cancel()
