"""Replicas that say what a test has them say, and a gateway's forwarding before them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from infra.local.control import Replica
from infra.local.deployment import Deployment
from infra.local.pool import Pool
from infra.local.proxy import forward
from infra.local.specs import FunctionSpec
from infra.local.upstreams import Upstreams
from shared.errors import Problem
from shared.http.exchange import Exchange
from shared.http.server import serve_http

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a replica does with a connection; it is closed afterwards."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def replica(script: Script) -> AsyncIterator[int]:
    """Serve by a script on a port of its own, and yield that."""
    under_way: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await script(reader, writer)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.create_task(run(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        ended = await asyncio.gather(*under_way, return_exceptions=True)
        for error in ended:
            assert error is None or isinstance(error, asyncio.CancelledError), repr(error)


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


@asynccontextmanager
async def forwarding(*ports: int, patience: float = 20) -> AsyncIterator[int]:
    """Forward to the replicas at those ports, and yield the port for callers."""
    pool = Pool(_spec(patience), lambda _: None)
    for port in ports:
        pool.adopt(Replica(f"one-{port}", "one", port, 1))
    upstreams = Upstreams(keep=15)

    async def application(exchange: Exchange) -> None:
        try:
            await forward(upstreams, exchange, pool, exchange.target)
        except Problem as problem:
            exchange.respond(problem.kind.status, [], problem.document())

    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    server = await serve_http(application, [listener], cancel_on_disconnect=True)
    try:
        yield address[1]
    finally:
        await server.drain(0.01)
        upstreams.close()


def _spec(timeout: float) -> FunctionSpec:
    return FunctionSpec(
        name="one",
        argv=("true",),
        environment={},
        secrets=(),
        minimum=1,
        maximum=2,
        target=64,
        idle=60,
        timeout=timeout,
        max_inflight=64,
        deployment=Deployment(service="one"),
    )
