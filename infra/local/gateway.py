"""The gateway: `python -m infra.local.gateway`, started by the supervisor.

Serves `/function/<name>[.openfaas-fn][/path]` as an OpenFaaS gateway does, `/reports/<name>` for
`report-<name>`, `/metrics` and `/healthz`.
"""

import argparse
import asyncio
import logging
import signal
import socket
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import msgspec
import uvloop
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from infra.local import gateway_metrics as metrics
from infra.local.control import Channel, Ended, Refused, Snapshot, Started, ToGateway
from infra.local.metrics import Archive
from infra.local.pool import Backend, Pool
from infra.local.ports import HOST
from infra.local.proxy import client, forward
from infra.local.stackfile import FunctionSpec, read_stack
from shared.errors import Problem
from shared.settings import settings
from shared.telemetry import CORRELATION_HEADER, accept_correlation_id, configure_logging, fields

_TICK = 0.1
_COMPACT_EVERY = 60.0
_FIRST_ANSWER_TIMEOUT = 60.0
_NAMESPACE = ".openfaas-fn"

logger = logging.getLogger(__name__)


class Gateway:
    """Routes requests to the pools of the functions and tells the supervisor what they need."""

    def __init__(
        self, specs: Mapping[str, FunctionSpec], channel: Channel, archive: Archive
    ) -> None:
        self.pools = {name: Pool(spec, channel.send) for name, spec in specs.items()}
        self._channel = channel
        self._archive = archive
        # One thread, so that a scrape never meets a half-done merge.
        self._files = ThreadPoolExecutor(max_workers=1)
        self._session = client()
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter()
        pool: Pool | None = None
        try:
            path = request.raw_path
            if path == "/metrics":
                return await self._metrics()
            if path == "/healthz":
                return web.Response(text="OK")
            pool, rest = self._route(path)
            response = await forward(self._session, request, pool, rest)
        except Problem as problem:
            response = _problem(request, problem)
        if pool is not None:
            elapsed = time.perf_counter() - started
            metrics.DURATION.labels(pool.spec.name, response.status).observe(elapsed)
        return response

    def _route(self, raw_path: str) -> tuple[Pool, str]:
        """Return the pool of a path, and what the function sees of it, as it was sent."""
        path, mark, query = raw_path.partition("?")
        _, area, name, *rest = [*path.split("/", 3), "", ""][:4]
        name = name.removesuffix(_NAMESPACE)
        name = {"function": name, "reports": f"report-{name}"}.get(area, "")
        pool = self.pools.get(name)
        if pool is None:
            known = ", ".join(sorted(self.pools))
            raise Problem("not_found", f"No function answers here. The functions are: {known}.")
        return pool, f"/{''.join(rest)}{mark}{query}"

    async def _metrics(self) -> web.Response:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._files, self._archive.render)
        return web.Response(body=body, headers={"content-type": CONTENT_TYPE_LATEST})

    async def follow_supervisor(self) -> None:
        """Take in what the supervisor tells, until it is gone."""
        async for line in self._channel.lines():
            self._take(msgspec.json.decode(line, type=ToGateway))

    def _take(self, message: ToGateway) -> None:
        if isinstance(message, Snapshot):
            for replica in message.replicas:
                self.pools[replica.function].adopt(replica)
        elif isinstance(message, Started):
            pool = self.pools[message.replica.function]
            self._spawn(self._first_answer(pool, pool.started(message.replica)))
            logger.info("replica started", extra=fields(replica=message.replica.id))
        elif isinstance(message, Refused):
            self.pools[message.function].refused(message.retry_after, message.reason)
        elif isinstance(message, Ended):
            self._ended(message)
        else:
            metrics.RESTARTS.labels(message.process).inc()

    def _ended(self, message: Ended) -> None:
        self.pools[message.function].lost(message.replica)
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
        url = f"http://{HOST}:{backend.replica.port}/health/live"
        timeout = aiohttp.ClientTimeout(total=_FIRST_ANSWER_TIMEOUT)
        try:
            async with self._session.get(url, timeout=timeout):
                pool.ready(backend)
        except (aiohttp.ClientError, TimeoutError) as error:
            said = fields(replica=backend.replica.id, error=repr(error))
            logger.warning("replica did not come up", extra=said)

    async def tick(self) -> None:
        """Scale down what idles, keep the minimum, merge the metrics of ended processes."""
        loop = asyncio.get_running_loop()
        compact_at = loop.time()
        while True:
            for pool in self.pools.values():
                pool.scale()
            if loop.time() >= compact_at:
                await loop.run_in_executor(self._files, self._archive.compact)
                compact_at = loop.time() + _COMPACT_EVERY
            await asyncio.sleep(_TICK)

    async def close(self) -> None:
        """Let go of the connections to replicas and to the supervisor."""
        await self._session.close()
        self._channel.close()
        self._files.shutdown()


def _problem(request: web.BaseRequest, problem: Problem) -> web.Response:
    correlation = accept_correlation_id(request.headers.get(CORRELATION_HEADER))
    if problem.kind.status >= web.HTTPInternalServerError.status_code:
        said = fields(code=problem.kind.code, path=request.path, correlationId=correlation)
        logger.log(problem.kind.log_level, problem.detail, extra=said)
    return web.Response(
        status=problem.kind.status,
        body=problem.document(correlation),
        headers=problem.headers() | {CORRELATION_HEADER: correlation},
    )


async def _fired(event: asyncio.Event) -> None:
    await event.wait()


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM, or until the supervisor is gone, then drain."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    channel = await Channel.over(socket.socket(fileno=arguments.control_fd))
    specs = read_stack(arguments.stack, arguments.idle)
    gateway = Gateway(specs, channel, Archive(arguments.metrics))
    server = web.Server(
        gateway.handle,
        handler_cancellation=True,
        auto_decompress=False,
        access_log=None,
        read_bufsize=256 * 1024,
        keepalive_timeout=settings().idle_timeout,
    )
    runner = web.ServerRunner(server, shutdown_timeout=settings().drain_timeout)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=arguments.listen_fd)).start()
    following = asyncio.create_task(gateway.follow_supervisor())
    ticking = asyncio.create_task(gateway.tick())
    stopping = asyncio.create_task(_fired(stop))
    tasks = {following, ticking, stopping}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await runner.cleanup()
    for task in tasks - done:
        task.cancel()
    await gateway.close()
    for task in done:
        task.result()


def main() -> None:
    """Run the gateway as the supervisor asks."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.gateway", description=__doc__)
    parser.add_argument("--listen-fd", type=int, required=True, help="inherited listening socket")
    parser.add_argument("--control-fd", type=int, required=True, help="channel to the supervisor")
    parser.add_argument("--stack", type=Path, required=True, help="the stack file")
    parser.add_argument("--metrics", type=Path, required=True, help="directory of all metrics")
    parser.add_argument("--idle", type=float, help="seconds before scaling to zero")
    arguments = parser.parse_args()
    configure_logging("gateway", settings().log_level)
    uvloop.run(serve(arguments))


if __name__ == "__main__":
    main()
