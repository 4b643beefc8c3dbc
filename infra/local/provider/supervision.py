"""Asks the supervisor for changes and waits for what it says of them."""

import asyncio
from collections.abc import Callable
from itertools import count

from infra.local.control import Answered, Deploy, Remove, ToSupervisor
from infra.local.deployment import Deployment
from shared.errors import Problem

_PATIENCE = 10.0


class Supervision:
    """The questions that are under way; `send` passes a message to the supervisor."""

    def __init__(self, send: Callable[[ToSupervisor], None]) -> None:
        self._send = send
        self._calls = count(1)
        self._open: dict[int, asyncio.Future[Answered]] = {}

    async def deploy(self, deployment: Deployment, *, new: bool) -> None:
        """Have a function created or updated. Raises Problem."""
        await self._ask(lambda call: Deploy(call, deployment, new))

    async def remove(self, function: str) -> None:
        """Have a function removed. Raises Problem."""
        await self._ask(lambda call: Remove(call, function))

    async def _ask(self, message: Callable[[int], Deploy | Remove]) -> None:
        call = next(self._calls)
        future = self._open[call] = asyncio.get_running_loop().create_future()
        self._send(message(call))
        try:
            answer = await asyncio.wait_for(future, _PATIENCE)
        except TimeoutError:
            detail = "The supervisor does not answer; it may do it yet."
            raise Problem("function_unavailable", detail, retry_after=1) from None
        finally:
            del self._open[call]
        if answer.code:
            raise Problem(answer.code, answer.detail)

    def answered(self, answer: Answered) -> None:
        """Take in an answer; whoever asked may be gone."""
        future = self._open.get(answer.call)
        if future is not None and not future.done():
            future.set_result(answer)
