"""The queue worker as a handler: accepts calls, and has them and their results delivered.

Source: github.com/openfaas/faas, gateway/handlers/queue_proxy.go: 202 with an empty body, and
X-Callback-Url names who wants the result.
"""

import asyncio
import logging
from urllib.parse import quote

import aiohttp
import msgspec

from infra.local.hops import new_call_id
from infra.local.invocations.callbacks import Callbacks, Resolver, check_callback
from infra.local.invocations.calls import Calls, passed_on
from infra.local.invocations.deliveries import Deliveries
from infra.local.invocations.messages import BODY_LIMIT, CALLS, RESULTS, QueuedCall
from infra.local.invocations.metrics import INVOCATIONS
from shared.errors import Problem
from shared.requests import Request, Response
from shared.settings import KIB, Settings
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher

AREA = "/async-function/"

_FINISH = 20.0
_HEADERS_LIMIT = 64 * KIB
_PATH_SAFE = "/:@!$&'()*+,;=~"

logger = logging.getLogger(__name__)


class QueueWorker:
    """Queues asynchronous invocations and works on them until closed."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._broker = Broker(chosen.nats_url, "queue-worker")
        self._publisher = Publisher(self._broker, chosen.publish_timeout, chosen.publish_patience)
        self._sessions: list[aiohttp.ClientSession] = []
        self._deliveries: list[Deliveries] = []
        self._running: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to connect; deliveries start once the broker is there."""
        self._broker.start()
        functions = aiohttp.ClientSession(auto_decompress=False)
        callers = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Resolver()))
        self._sessions = [functions, callers]
        calls = Calls(functions, self._publisher, self._settings.functions_url)
        copies = self._settings.stream_replicas
        self._deliveries = [
            Deliveries(self._broker, copies, CALLS, calls.handle),
            Deliveries(self._broker, copies, RESULTS, Callbacks(callers).handle),
        ]
        self._running = [asyncio.create_task(each.run()) for each in self._deliveries]

    async def close(self) -> None:
        """Finish the invocations under way, give back the rest and disconnect."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*(each.finish(_FINISH) for each in self._deliveries))
        for session in self._sessions:
            await session.close()
        await self._broker.close()

    async def ready(self) -> None:
        """Raise Problem unless the broker is there."""
        _ = self._broker.client

    async def handle(self, request: Request) -> Response:
        """Queue a call, addressed as `/async-function/<name>[/path]`."""
        name, _, path = request.path.removeprefix(AREA).partition("/")
        function = name.partition(".")[0]
        if not request.path.startswith(AREA) or not function:
            raise Problem("not_found", f"The queue worker has no {request.path}.")
        callback = request.headers.get("x-callback-url", "")
        if callback:
            check_callback(callback)
        call = QueuedCall(
            id=request.headers.get("x-call-id") or new_call_id().decode(),
            function=function,
            method=request.method,
            target=f"/{quote(path, safe=_PATH_SAFE)}{request.query and '?'}{request.query}",
            headers=_bounded(passed_on(request.headers)),
            body=await _body(request),
            callback=callback,
        )
        await self._publisher.send(f"{CALLS}.{function}", msgspec.msgpack.encode(call), {})
        INVOCATIONS.labels(function, "accepted").inc()
        return Response(202, b"", {"x-call-id": call.id})


def _bounded(headers: dict[str, str]) -> dict[str, str]:
    if sum(len(name) + len(value) for name, value in headers.items()) > _HEADERS_LIMIT:
        raise Problem("head_too_large", f"Headers may have {_HEADERS_LIMIT} bytes to be queued.")
    return headers


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in request.chunks():
        size += len(chunk)
        if size > BODY_LIMIT:
            detail = f"A body may have {BODY_LIMIT} bytes to be queued; call /function/ instead."
            raise Problem("body_too_large", detail)
        parts.append(chunk)
    return b"".join(parts)
