"""The functions as the gateway knows them: what the supervisor tells it, in the order told."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

import msgspec

from infra.local import gateway_metrics as metrics
from infra.local.control import (
    Answered,
    Channel,
    Deployed,
    Ended,
    Refused,
    Removed,
    Replica,
    Restarted,
    Snapshot,
    Started,
    Stop,
    ToGateway,
)
from infra.local.pool import Backend, Pool
from infra.local.routes import Routes
from infra.local.specs import FunctionSpec
from infra.local.upstreams import Upstreams
from shared.telemetry import fields

_FIRST_ANSWER_TIMEOUT = 60.0

logger = logging.getLogger(__name__)


class Functions:
    """The pools of all functions and the routes to them; both change while the gateway runs.

    `answered` takes the supervisor's answers to what it was asked.
    """

    def __init__(
        self, channel: Channel, upstreams: Upstreams, answered: Callable[[Answered], None]
    ) -> None:
        self.pools: dict[str, Pool] = {}
        self.routes = Routes(self.pools)
        self.informed = asyncio.Event()
        """Set once the supervisor has said what runs."""
        self._channel = channel
        self._upstreams = upstreams
        self._answered = answered
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self) -> None:
        """Take in what the supervisor tells, until it is gone."""
        async for line in self._channel.lines():
            self._take(msgspec.json.decode(line, type=ToGateway))

    def _take(self, message: ToGateway) -> None:
        match message:
            case Deployed() | Removed() | Answered():
                self._change(message)
            case Snapshot():
                for replica in message.replicas:
                    if (pool := self._pool_of(replica)) is not None:
                        pool.adopt(replica)
                self.informed.set()
            case Started():
                self._started(message.replica)
            case Refused():
                if (pool := self.pools.get(message.function)) is not None:
                    pool.refused(message.retry_after, message.reason)
            case Ended():
                self._ended(message)
            case Restarted():
                metrics.RESTARTS.labels(message.process).inc()

    def _change(self, message: Deployed | Removed | Answered) -> None:
        match message:
            case Deployed():
                self._deployed(message.spec)
            case Removed():
                self.pools.pop(message.function).close()
                self.routes = Routes(self.pools)
            case Answered():
                self._answered(message)

    def _deployed(self, spec: FunctionSpec) -> None:
        if (pool := self.pools.get(spec.name)) is not None:
            pool.update(spec)
        else:
            self.pools[spec.name] = Pool(spec, self._channel.send)
            self.routes = Routes(self.pools)

    def _pool_of(self, replica: Replica) -> Pool | None:
        """Return the pool of a replica; one whose function was removed meanwhile is stopped."""
        pool = self.pools.get(replica.function)
        if pool is None:
            self._channel.send(Stop(replica.id))
        return pool

    def _started(self, replica: Replica) -> None:
        if (pool := self._pool_of(replica)) is not None:
            self._spawn(self._first_answer(pool, pool.started(replica)))
            logger.info("replica started", extra=fields(replica=replica.id))

    def _ended(self, message: Ended) -> None:
        if (pool := self.pools.get(message.function)) is not None:
            pool.lost(message.replica)
        if not message.expected:
            metrics.RESTARTS.labels(message.function).inc()
        said = fields(replica=message.replica, expected=message.expected)
        logger.info("replica ended", extra=said)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _first_answer(self, pool: Pool, backend: Backend) -> None:
        """Ask a new replica whether it lives: its answer ends the cold start."""
        try:
            async with asyncio.timeout(_FIRST_ANSWER_TIMEOUT):
                await self._upstreams.ask(backend.replica.port, b"/health/live")
        except OSError as error:
            said = fields(replica=backend.replica.id, error=repr(error))
            logger.warning("replica did not come up", extra=said)
        else:
            pool.ready(backend)
