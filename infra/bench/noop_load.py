"""Bodies against the HTTP server that does nothing with them."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from infra.bench.meters import cpu_seconds
from infra.bench.wire import WireClient
from infra.local.ports import HOST
from infra.publisher.batch import Batch
from infra.publisher.bodies import Body

_CONNECTIONS: Final = 32
_TIMEOUT: Final = 30.0


async def post_to_noop(texts: Sequence[bytes]) -> float:
    """Post bodies over kept connections; return the server's CPU seconds.

    Raises TransportError.
    """
    async with _noop() as (process, url), WireClient(url, _TIMEOUT) as wire:
        before = cpu_seconds(process.pid)
        queue = iter(texts)
        async with asyncio.TaskGroup() as group:
            for _ in range(_CONNECTIONS):
                group.create_task(_drain(wire, queue))
        return cpu_seconds(process.pid) - before


async def _drain(wire: WireClient, queue: Iterator[bytes]) -> None:
    headers = {"content-type": "application/json"}
    for text in queue:
        await wire.post(Body(text, headers, Batch([], bytearray(), {}, ())))


@asynccontextmanager
async def _noop() -> AsyncIterator[tuple[Process, str]]:
    """Run the server until the block ends; it accepts connections from the start."""
    with socket.create_server((HOST, 0), backlog=_CONNECTIONS) as listener:
        descriptor = listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.bench.noop", str(descriptor)),
            pass_fds=[descriptor],
            env={**os.environ},
        )
        try:
            yield process, f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            await process.wait()
