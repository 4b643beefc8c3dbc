"""Ends a run in two steps: the first signal stops it cleanly, the second one at once."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
T = TypeVar("T")


class Stop:
    """Asked for by the first SIGINT or SIGTERM (`asked`), urgently by the second (`now`)."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.now = asyncio.Event()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listen to the signals. The running loop's own handlers are put aside meanwhile."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.ask)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def ask(self) -> None:
        """Do what a signal does."""
        if self.asked.is_set():
            self.now.set()
        self.asked.set()


async def until(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns, or None if the event comes first and cancels the work.

    Raises what the work raises.
    """
    task, waiter = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((task, waiter), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        waiter.cancel()
        task.cancel()
        await asyncio.gather(task, waiter, return_exceptions=True)
