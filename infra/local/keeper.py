"""Keeps one process alive: restarts it with growing delay whenever it ends."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.backoff import Backoff
from infra.local.child import Child, describe_exit
from infra.local.programs import READY_TIMEOUT, Program, ServerFailedError, tail
from infra.local.registry import Registry

_POLL = 0.03
_CANNOT_START = 127
_LOOK = 1.0
_PATIENCE = 3

logger = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class History:
    """What status tells about the restarts of a process or of a function's replicas."""

    restarts: int = 0
    last_exit: str | None = None
    next_attempt: str | None = None

    def ended(self, code: int, delay: float) -> None:
        """Note an unwanted end and when the next attempt is."""
        now = datetime.now(UTC)
        self.restarts += 1
        self.last_exit = f"{describe_exit(code)} at {now.isoformat(timespec='seconds')}"
        self.next_attempt = (now + timedelta(seconds=delay)).isoformat(timespec="milliseconds")

    def document(self) -> dict[str, Any]:
        """Return the members of the status document."""
        return {
            "restarts": self.restarts,
            "lastExit": self.last_exit,
            "nextAttempt": self.next_attempt,
        }


@dataclass(slots=True)
class Launch:
    """How to start a program: descriptors to pass on, and what to do once it has them."""

    program: Program
    pass_fds: Sequence[int] = ()
    after: Callable[[], Awaitable[None]] | None = None


@dataclass(slots=True)
class Keeper:
    """Keeps the program that `launch` describes (asked anew for each start).

    `ready` says whether the process can be used, `broken` whether only a new start helps it;
    `changed` is called at every change of state, `restarted` with the name after each unwanted
    end.
    """

    name: str
    launch: Callable[[], Launch]
    ready: Ask
    registry: Registry
    changed: Callable[[], None]
    restarted: Callable[[str], None]
    broken: Ask | None = None
    child: Child | None = None
    state: str = "stopped"
    history: History = field(default_factory=History)
    _backoff: Backoff = field(default_factory=Backoff)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start, wait until ready, and keep it so. Raises ServerFailedError."""
        child = await self._spawn()
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                await self._until_ready(child)
        except TimeoutError:
            raise _failure(child.program, f"was not ready after {READY_TIMEOUT:g} s") from None
        self._task = asyncio.create_task(self._keep(child))

    async def _spawn(self) -> Child:
        launch = self.launch()
        child = self.child = await Child.start(launch.program, self.registry, launch.pass_fds)
        if launch.after is not None:
            await launch.after()
        self._enter("starting")
        return child

    async def _until_ready(self, child: Child) -> None:
        ended = asyncio.create_task(child.wait())
        try:
            while not await self.ready():
                if ended.done():
                    code = describe_exit(ended.result())
                    raise _failure(child.program, f"ended with {code}")
                await asyncio.wait([ended], timeout=_POLL)
        finally:
            ended.cancel()
        self.history.next_attempt = None
        self._enter("running")

    async def _keep(self, child: Child) -> None:
        while True:
            await self._pause(child.uptime, await self._end(child))
            child = await self._respawn()
            # An end before that is the next round's business.
            with suppress(ServerFailedError):
                await self._until_ready(child)

    async def _end(self, child: Child) -> int:
        """Return the exit code once the process has ended, and end it if it is broken."""
        if self.broken is None:
            return await child.wait()
        ended = asyncio.create_task(child.wait())
        try:
            found = 0
            while not ended.done() and found < _PATIENCE:
                await asyncio.wait([ended], timeout=_LOOK)
                found = found + 1 if await self.broken() else 0
            if not ended.done():
                logger.error("%s is broken and is started again", self.name)
                await child.stop()
            return await ended
        finally:
            ended.cancel()

    async def _respawn(self) -> Child:
        while True:
            try:
                return await self._spawn()
            except OSError:
                logger.exception("%s cannot be started", self.name)
                await self._pause(0, _CANNOT_START)

    async def _pause(self, uptime: float, code: int) -> None:
        delay = self._backoff.ended(uptime, time.monotonic())
        self.child = None
        self.history.ended(code, delay)
        self._enter("waiting to restart")
        self.restarted(self.name)
        await asyncio.sleep(delay)

    def _enter(self, state: str) -> None:
        self.state = state
        self.changed()

    async def stop(self) -> None:
        """Stop the process for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self.child is not None:
            self._enter("stopping")
            await self.child.stop()
            self.child = None
        self._enter("stopped")


def _failure(program: Program, reason: str) -> ServerFailedError:
    log = program.log
    return ServerFailedError(f"{program.name} {reason}\n{log}:\n{tail(log)}".rstrip())
