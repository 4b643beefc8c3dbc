"""The gateway: `python -m infra.local.gateway`, started by the supervisor.

Serves `/function/<name>[.openfaas-fn][/path]` as an OpenFaaS gateway does, `/reports/<name>` for
`report-<name>`, `/dashboard`, `/system/…` as an OpenFaaS provider does, `/metrics` and
`/healthz`.
"""

import argparse
import asyncio
import logging
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from prometheus_client import CONTENT_TYPE_LATEST

from infra.local import gateway_metrics as metrics
from infra.local.control import Channel, Replica
from infra.local.deployment import Deployment
from infra.local.functions import Functions
from infra.local.metrics import Archive
from infra.local.pool import Pool
from infra.local.process_figures import ProcessFigures
from infra.local.provider.api import Provider
from infra.local.provider.auth import Guard
from infra.local.provider.supervision import Supervision
from infra.local.proxy import forward
from infra.local.specs import spec_of
from infra.local.state import StateDir
from infra.local.upstreams import Upstreams
from shared.access.scopes import is_loopback, is_open
from shared.errors import Problem
from shared.http.exchange import Exchange
from shared.http.limits import Limits
from shared.http.server import serve_http
from shared.serve import settle_memory
from shared.settings import settings
from shared.telemetry import (
    CORRELATION_HEADER,
    MOST_PATH,
    accept_correlation_id,
    configure_logging,
    fields,
)

if TYPE_CHECKING:
    from infra.local.provider.keys import KeyedAccess

_TICK = 0.1
_COMPACT_EVERY = 60.0
_SYSTEM = b"/system/"
_ASYNC = b"/async-function/"
_FUNCTION = b"/function/"
_OWN = (_SYSTEM, _ASYNC, b"/metrics", b"/healthz")
"""What no function's address begins with."""
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]

logger = logging.getLogger(__name__)


class Gateway:
    """Routes requests to the pools of the functions and tells the supervisor what they need."""

    def __init__(
        self,
        channel: Channel,
        archive: Archive,
        state: StateDir,
        guard: Guard,
        queue: Pool | None,
    ) -> None:
        self._queue = queue
        self._guard = guard
        self._upstreams = Upstreams(keep=settings().idle_timeout / 5)
        supervision = Supervision(channel.send)
        self.functions = Functions(channel, self._upstreams, supervision.answered)
        earlier = archive.counts(metrics.DURATION_NAME, "function")
        self.provider = Provider(self.functions.pools, earlier, supervision, state, guard)
        self._channel = channel
        self._archive = archive
        self._processes = ProcessFigures(state.registry)
        # One thread, so that a scrape never meets a half-done merge.
        self._files = ThreadPoolExecutor(max_workers=1)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        started = time.perf_counter()
        pool: Pool | None = None
        try:
            if exchange.target.startswith(_OWN):
                await self._own(exchange)
                return
            if (page := self.functions.routes.elsewhere(exchange.target)) is not None:
                exchange.respond(HTTPStatus.TEMPORARY_REDIRECT, [(b"location", page)])
                return
            name, target = self.functions.routes.find(exchange.target)
            pool = self.functions.pools[name]
            status = await forward(self._upstreams, exchange, pool, target)
        except Problem as problem:
            status = problem.kind.status
            _respond(exchange, problem)
        if pool is not None:
            pool.answered += 1
            elapsed = time.perf_counter() - started
            metrics.DURATION.labels(pool.spec.name, status).observe(elapsed)

    async def _own(self, exchange: Exchange) -> None:
        if exchange.target.startswith(_SYSTEM):
            await self.provider.answer(exchange)
        elif exchange.target.startswith(_ASYNC):
            await self._enqueue(exchange)
        elif exchange.target == b"/metrics":
            await self._metrics(exchange)
        elif exchange.target == b"/healthz":
            exchange.respond(HTTPStatus.OK, _TEXT, b"OK")
        else:
            raise Problem("not_found", "Nothing is here.")

    async def _enqueue(self, exchange: Exchange) -> None:
        """Have the queue worker accept a call of a function that exists."""
        if self._queue is None:
            raise Problem("not_found", "This stack has no broker for asynchronous invocations.")
        await self._guard.require_known(exchange.get)
        self.functions.routes.find(_FUNCTION + exchange.target.removeprefix(_ASYNC))
        await forward(self._upstreams, exchange, self._queue, exchange.target)

    async def _metrics(self, exchange: Exchange) -> None:
        loop = asyncio.get_running_loop()
        render = partial(self._archive.render, self._processes)
        body = await loop.run_in_executor(self._files, render)
        exchange.respond(HTTPStatus.OK, [(b"content-type", CONTENT_TYPE_LATEST.encode())], body)

    async def tick(self) -> None:
        """Let go of what idles, keep the minimum, merge the metrics of ended processes."""
        loop = asyncio.get_running_loop()
        compact_at = loop.time()
        while True:
            for pool in self.functions.pools.values():
                pool.scale()
            self._upstreams.expire()
            if loop.time() >= compact_at:
                await loop.run_in_executor(self._files, self._archive.compact)
                compact_at = loop.time() + _COMPACT_EVERY
            await asyncio.sleep(_TICK)

    def close(self) -> None:
        """Let go of the connections to replicas and to the supervisor."""
        self._upstreams.close()
        self._channel.close()
        self._files.shutdown()


def _respond(exchange: Exchange, problem: Problem) -> None:
    correlation = accept_correlation_id(exchange.get(CORRELATION_HEADER))
    if problem.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        path = exchange.target.partition(b"?")[0].decode("latin-1")[:MOST_PATH]
        said = fields(code=problem.kind.code, path=path, correlationId=correlation)
        logger.log(problem.kind.log_level, problem.detail, extra=said)
    headers = problem.headers() | {CORRELATION_HEADER: correlation}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    exchange.respond(problem.kind.status, encoded, problem.document(correlation))


def _queue(port: int) -> Pool | None:
    """Return the queue worker as a function with the one replica that the supervisor keeps."""
    if not port:
        return None
    deployment = Deployment(
        service="queue-worker", annotations={"hookstream/scale-target": "1000000"}
    )
    pool = Pool(spec_of(deployment), lambda _: None)
    pool.adopt(Replica("queue-worker", "queue-worker", port, 0))
    return pool


def _guard(access: "KeyedAccess | None", *, local: bool) -> Guard:
    chosen = settings()
    keys = None if access is None else access.admission
    return Guard(chosen.basic_auth_user, chosen.basic_auth_password, local=local, keys=keys)


def _access(*, local: bool) -> "KeyedAccess | None":
    """Begin to read keys for the provider API, where anybody is asked for one."""
    if is_open(settings(), local=local):
        return None
    from infra.local.provider.keys import KeyedAccess  # noqa: PLC0415 - import cost

    access = KeyedAccess(settings())
    access.start()
    return access


async def _fired(event: asyncio.Event) -> None:
    await event.wait()


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM, or until the supervisor is gone, then drain."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    channel = await Channel.over(socket.socket(fileno=arguments.control_fd))
    state = StateDir(arguments.state_dir)
    listener = socket.socket(fileno=arguments.listen_fd)
    local = is_loopback(listener.getsockname()[0])
    access = _access(local=local)
    guard = _guard(access, local=local)
    archive, queue = Archive(state.metrics), _queue(arguments.queue_port)
    gateway = Gateway(channel, archive, state, guard, queue)
    limits = Limits(idle_timeout=settings().idle_timeout)
    settle_memory()
    following = asyncio.create_task(gateway.functions.follow())
    stopping = asyncio.create_task(_fired(stop))
    informed = asyncio.create_task(_fired(gateway.functions.informed))
    await asyncio.wait({following, stopping, informed}, return_when=asyncio.FIRST_COMPLETED)
    informed.cancel()
    server = await serve_http(gateway.handle, [listener], limits, cancel_on_disconnect=True)
    ticking = asyncio.create_task(gateway.tick())
    tasks = {following, ticking, stopping}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    gateway.provider.stop()
    await server.drain(settings().drain_timeout)
    for task in tasks - done:
        task.cancel()
    gateway.close()
    if access is not None:
        await access.close()
    for task in done:
        task.result()


def main() -> None:
    """Run the gateway as the supervisor asks."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.gateway", description=__doc__)
    parser.add_argument("--listen-fd", type=int, required=True, help="inherited listening socket")
    parser.add_argument("--control-fd", type=int, required=True, help="channel to the supervisor")
    parser.add_argument("--queue-port", type=int, default=0, help="of the queue worker; 0: none")
    parser.add_argument("--state-dir", type=Path, required=True, help="of the stack")
    arguments = parser.parse_args()
    configure_logging("gateway", settings().log_level)
    uvloop.run(serve(arguments))


if __name__ == "__main__":
    main()
