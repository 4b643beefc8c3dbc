"""Starts and stops the replicas of the functions, as the gateway asks."""

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.local.backoff import Backoff
from infra.local.child import Child
from infra.local.control import Ended, Refused, Replica, Started, ToGateway
from infra.local.keeper import History
from infra.local.ports import HOST
from infra.local.programs import Program
from infra.local.registry import Registry
from infra.local.specs import FunctionSpec

_BACKLOG = 4096


@dataclass(slots=True)
class _Member:
    replica: Replica
    child: Child
    watch: asyncio.Task[None]


@dataclass(slots=True)
class _Function:
    history: History = field(default_factory=History)
    backoff: Backoff = field(default_factory=Backoff)
    started: int = 0
    wanted: int = 0


class Fleet:
    """The replicas of all functions.

    A replica inherits a socket that listens already, so that no connection to it is refused
    while it starts. `program` makes a replica's program from its function, name and descriptor;
    `tell` passes a message to the gateway.
    """

    def __init__(
        self,
        specs: Mapping[str, FunctionSpec],
        program: Callable[[FunctionSpec, str, int], Program],
        registry: Registry,
        changed: Callable[[], None],
        tell: Callable[[ToGateway], None],
    ) -> None:
        self.functions = {name: _Function() for name in specs}
        self.specs = specs
        self._program = program
        self._registry = registry
        self._changed = changed
        self._tell = tell
        self._members: dict[str, _Member] = {}
        self._closed = False
        self._stops: set[asyncio.Task[int]] = set()

    def replicas(self, function: str | None = None) -> list[Replica]:
        """Return the replicas that take requests, of one function or of all."""
        return [
            member.replica
            for member in self._members.values()
            if not member.child.stopping and function in (None, member.replica.function)
        ]

    def children(self) -> list[Child]:
        """Return every process, also those that are being stopped."""
        return [member.child for member in self._members.values()]

    async def start(self, name: str) -> None:
        """Start a replica of a function, unless its replicas keep ending."""
        if name not in self.specs:
            return  # It was removed while the gateway asked.
        function = self.functions[name]
        wait = function.backoff.remaining(time.monotonic())
        if wait or self._closed:
            reason = function.history.last_exit or "the stack is stopping"
            self._tell(Refused(name, wait, reason))
            return
        try:
            await self._start(name, function)
        except OSError as error:
            self._tell(Refused(name, function.backoff.limit, str(error)))

    async def _start(self, name: str, function: _Function) -> None:
        function.started += 1
        replica_id = f"{name}-{function.started}"
        spec = self.specs[name]
        with socket.create_server((HOST, 0), backlog=_BACKLOG) as listener:
            program = self._program(spec, replica_id, listener.fileno())
            child = await Child.start(program, self._registry, [listener.fileno()])
            replica = Replica(
                replica_id, name, listener.getsockname()[1], child.pid, spec.generation
            )
        watch = asyncio.create_task(self._watch(replica, child))
        self._members[replica_id] = _Member(replica, child, watch)
        function.history.next_attempt = None
        self._tell(Started(replica))
        self._changed()

    async def _watch(self, replica: Replica, child: Child) -> None:
        code = await child.wait()
        del self._members[replica.id]
        if not child.stopping and self._is_current(replica):
            function = self.functions[replica.function]
            delay = function.backoff.ended(child.uptime, time.monotonic())
            function.history.ended(code, delay)
        self._tell(Ended(replica.id, replica.function, expected=child.stopping))
        self._changed()

    def _is_current(self, replica: Replica) -> bool:
        spec = self.specs.get(replica.function)
        return spec is not None and spec.generation == replica.generation

    def renew(self, name: str) -> None:
        """Take note of a new deployment: what it replaces does not count against it."""
        function = self.functions.setdefault(name, _Function())
        function.history = History()
        function.backoff = Backoff()
        self._changed()

    def stop(self, replica_id: str) -> None:
        """Begin to stop a replica; it finishes what it has in flight."""
        member = self._members.get(replica_id)
        if member is not None and not member.child.stopping:
            task = asyncio.create_task(member.child.stop())
            self._stops.add(task)
            task.add_done_callback(self._stops.discard)

    async def close(self) -> None:
        """Stop every replica and wait for its end."""
        self._closed = True
        members = list(self._members.values())
        for member in members:
            self.stop(member.replica.id)
        if members:
            await asyncio.wait([member.watch for member in members])

    def is_failing(self, name: str) -> bool:
        """Say whether a function has no replica, wants one, and its replicas keep ending."""
        function = self.functions[name]
        wanted = function.wanted > 0 and function.backoff.failures > 1
        return (wanted or self.specs[name].minimum > 0) and not self.replicas(name)

    def forget_wants(self) -> None:
        """Wait for the word of a new gateway."""
        for function in self.functions.values():
            function.wanted = 0

    def want(self, name: str, replicas: int) -> None:
        """Note how many replicas the gateway would have of a function."""
        self.functions[name].wanted = replicas
        self._changed()
