"""The replicas of one function as the gateway sees them: who gets a request, how many there are."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.local import gateway_metrics as metrics
from infra.local.autoscaler import Autoscaler
from infra.local.control import Replica, Start, Stop, ToSupervisor, Want
from infra.local.deadlines import Deadlines
from infra.local.specs import FunctionSpec
from shared.errors import Problem

WAKE_TIMEOUT = 10.0
"""Seconds that a request waits for a replica to be started; not for the replica to be ready."""

BLOCK_PATIENCE = 2.0
"""Seconds that a request waits for the next attempt to start what keeps ending."""


@dataclass(slots=True)
class Backend:
    """A replica with the requests that it has in flight."""

    replica: Replica
    started: float
    ready: bool = False
    in_flight: int = 0


class Pool:
    """Routes the requests of one function and scales it.

    `send` passes a message to the supervisor. Everything happens in one event loop, so a replica
    that is taken out of rotation gets no further request, whatever arrives at that moment.
    """

    def __init__(self, spec: FunctionSpec, send: Callable[[ToSupervisor], None]) -> None:
        self.spec = spec
        self.in_flight = 0
        self.answered = 0
        self.deadlines = Deadlines(spec.timeout)
        self._send = send
        self._scaler = _scaler(spec)
        self._closed = False
        self._rotation: dict[str, Backend] = {}
        self._outdated: dict[str, Backend] = {}
        self._leaving: dict[str, Backend] = {}
        self._starting = 0
        self._wanted = 0
        self._shown = -1
        self._blocked_until = 0.0
        self._blocked_by = ""
        self._changed = asyncio.Event()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count a request as in flight. Raises Problem above the function's limit."""
        if self.in_flight >= self.spec.max_inflight:
            detail = f"{self.spec.name} has {self.in_flight} requests in flight."
            raise Problem("function_unavailable", detail, retry_after=1)
        self.in_flight += 1
        self.scale()
        try:
            yield
        finally:
            self.scale()
            self.in_flight -= 1

    @contextmanager
    def using(self, backend: Backend) -> Iterator[None]:
        """Count a request as in flight at a replica."""
        backend.in_flight += 1
        try:
            yield
        finally:
            backend.in_flight -= 1
            if backend.replica.id in self._leaving:
                self._dismiss(backend)

    @property
    def wanted(self) -> int:
        """Return how many replicas there should be."""
        return self._wanted

    @property
    def available(self) -> int:
        """Return how many replicas have answered already and take requests."""
        return sum(backend.ready for backend in self._serving())

    @property
    def processes(self) -> list[int]:
        """Return the process ids of the replicas that take requests."""
        return [backend.replica.pid for backend in self._serving()]

    def _serving(self) -> list[Backend]:
        return [*self._rotation.values(), *self._outdated.values()]

    def ready(self, backend: Backend) -> None:
        """Note that a replica which was started has answered for the first time."""
        backend.ready = True
        if backend.replica.id in self._rotation:
            self._retire(*self._outdated.values())
        elapsed = time.monotonic() - backend.started
        metrics.COLD_START.labels(self.spec.name).observe(elapsed)

    async def pick(self) -> Backend:
        """Return the replica for a request, started if need be. Raises Problem if none comes."""
        deadline = time.monotonic() + WAKE_TIMEOUT
        while not (self._rotation or self._outdated):
            if self._closed:
                raise Problem("not_found", f"{self.spec.name} was removed.")
            now = time.monotonic()
            if self._blocked_until - now > BLOCK_PATIENCE or now > deadline:
                raise self._unavailable(now)
            self.scale()
            self._changed.clear()
            try:
                async with asyncio.timeout(deadline - now):
                    await self._changed.wait()
            except TimeoutError:
                continue
        ready = [backend for backend in self._rotation.values() if backend.ready]
        serving = ready or self._outdated.values() or self._rotation.values()
        return min(serving, key=lambda backend: backend.in_flight)

    def _unavailable(self, now: float) -> Problem:
        wait = max(1.0, self._blocked_until - now)
        because = f": its last replica ended with {self._blocked_by}" if self._blocked_by else ""
        detail = f"{self.spec.name} has no replica{because}."
        return Problem("function_unavailable", detail, retry_after=wait)

    def scale(self) -> None:
        """Ask for more replicas at once, or take out of rotation those that idle too long."""
        if self._closed:
            return
        now = time.monotonic()
        desired = self._scaler.desired(self.in_flight, now)
        if desired != self._wanted:
            self._wanted = desired
            self._send(Want(self.spec.name, desired))
        present = len(self._rotation) + self._starting
        if present < desired and now >= self._blocked_until:
            for _ in range(desired - present):
                self._starting += 1
                self._send(Start(self.spec.name))
        elif desired < len(self._rotation):
            for _ in range(len(self._rotation) - desired):
                self._retire(min(self._rotation.values(), key=lambda backend: backend.in_flight))
        if desired == 0 and self._outdated:
            self._retire(*self._outdated.values())
        self._show()

    def _show(self) -> None:
        serving = len(self._rotation) + len(self._outdated)
        if serving != self._shown:
            self._shown = serving
            metrics.REPLICAS.labels(self.spec.name).set(serving)

    def _retire(self, *backends: Backend) -> None:
        for backend in backends:
            self._rotation.pop(backend.replica.id, None)
            self._outdated.pop(backend.replica.id, None)
            self._leaving[backend.replica.id] = backend
            self._dismiss(backend)

    def _dismiss(self, backend: Backend) -> None:
        """Have a replica that left the rotation stopped once its last request is answered."""
        if backend.in_flight == 0 and backend.replica.id in self._leaving:
            del self._leaving[backend.replica.id]
            self._send(Stop(backend.replica.id))

    def adopt(self, replica: Replica) -> None:
        """Take over a replica that ran before this gateway did."""
        current = replica.generation == self.spec.generation
        among = self._rotation if current else self._outdated
        among[replica.id] = Backend(replica, time.monotonic(), ready=True)
        self._scaler.hold(len(self._serving()), time.monotonic())

    def update(self, spec: FunctionSpec) -> None:
        """Go on with another deployment.

        The replicas of the former serve on until one of this has answered, however long that
        takes; then they answer what they have.
        """
        self.spec = spec
        self.deadlines = Deadlines(spec.timeout)
        self._scaler = _scaler(spec)
        self._scaler.hold(max(len(self._rotation), len(self._outdated)), time.monotonic())
        self._outdated |= self._rotation
        self._rotation.clear()
        self._blocked_until, self._blocked_by = 0.0, ""
        self._changed.set()
        self.scale()

    def resize(self, replicas: int) -> None:
        """Have that many replicas now; what comes then is up to the requests again.

        Raises Problem outside of what the function may have.
        """
        if not self.spec.minimum <= replicas <= self.spec.maximum:
            bounds = f"{self.spec.minimum} to {self.spec.maximum}"
            raise Problem("invalid_parameter", f"{self.spec.name} may have {bounds} replicas.")
        self._scaler = _scaler(self.spec)
        self._scaler.hold(replicas, time.monotonic())
        self.scale()

    def close(self) -> None:
        """Take no further request; replicas are stopped once they have answered theirs."""
        self._closed = True
        self._retire(*self._serving())
        self._show()
        self._changed.set()

    def started(self, replica: Replica) -> Backend:
        """Put a replica that the supervisor has started into rotation."""
        self._starting = max(0, self._starting - 1)
        backend = self._rotation[replica.id] = Backend(replica, time.monotonic())
        self._changed.set()
        return backend

    def refused(self, retry_after: float, reason: str) -> None:
        """Note that there will be no further replica before that many seconds."""
        self._starting = max(0, self._starting - 1)
        self._blocked_until = time.monotonic() + retry_after
        self._blocked_by = reason
        asyncio.get_running_loop().call_later(retry_after, self.scale)
        self._changed.set()

    def lost(self, replica_id: str) -> None:
        """Take a replica that is gone out of every list."""
        self._rotation.pop(replica_id, None)
        self._outdated.pop(replica_id, None)
        self._leaving.pop(replica_id, None)
        self.scale()


def _scaler(spec: FunctionSpec) -> Autoscaler:
    return Autoscaler(spec.minimum, spec.maximum, spec.target, spec.idle)
