"""The ASGI application around a role.

The same handler runs below `python -m shared.serve`, below functions-framework's `--asgi` mode
and below any ASGI server (https://asgi.readthedocs.io/en/latest/specs/www.html).
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.access.scopes import Admission, is_open
from shared.errors import Problem
from shared.http.exchange import ClientDisconnectedError, Exchange
from shared.requests import Receive, Request, Response, Scope, Send
from shared.settings import Settings, settings
from shared.streaming import Stream, send_stream
from shared.telemetry import (
    CORRELATION_HEADER,
    MOST_PATH,
    correlation_id,
    fields,
    log_request,
    observe_request,
)
from shared.tracing import (
    TRACEPARENT_HEADER,
    accept_traceparent,
    span,
    trace_context,
    trace_id,
)

_LIVE = {"/health/live", "/health/liveness", "/_/health"}
_READY = {"/health/ready", "/health/readiness", "/_/ready"}

_DOCUMENTATION = ("/openapi.json", "/docs")

logger = logging.getLogger(__name__)


class Handler(Protocol):
    """What a role implements."""

    async def open(self) -> None:
        """Start what the role needs; must not wait for servers that are away."""

    async def close(self) -> None:
        """Let go of it."""

    async def ready(self) -> None:
        """Return if requests can be served now, else raise Problem."""

    async def handle(self, request: Request) -> Response:
        """Answer one request; a raised Problem becomes a problem document."""


class Function:
    """The ASGI application of one role: health, metrics, limits, errors and logs around it.

    `build` makes the handler on first use, inside the running event loop. `describe` returns the
    shared.openapi.operations.Api that `/openapi.json` and `/docs` show; there are none without.
    `guarding` returns who lets callers in, None for everybody; its last argument says whether
    nobody is asked here (shared.access.scopes.is_open).
    """

    def __init__(
        self,
        name: str,
        build: Callable[[Settings], Handler],
        describe: Callable[[], object] | None = None,
        guarding: Callable[[Any, Settings, bool], Admission | None] | None = None,
    ) -> None:
        self.name = name
        self.local = False
        """Only this machine can connect."""
        self._guarding = guarding
        self._admission: Admission | None = None
        self._describe = describe
        self.draining = False
        self._build = build
        self._handler: Handler | None = None
        self._opening = asyncio.Lock()
        self._inflight = 0

    async def open(self) -> Handler:
        """Build and open the handler once, whoever comes first."""
        if self._handler is None:
            async with self._opening:
                if self._handler is None:
                    handler = self._build(settings())
                    if self._guarding is not None:
                        unasked = is_open(settings(), local=self.local)
                        self._admission = self._guarding(handler, settings(), unasked)
                    await handler.open()
                    self._handler = handler
        return self._handler

    async def close(self) -> None:
        """Close the handler if it was ever opened."""
        handler, self._handler = self._handler, None
        if handler is not None:
            await handler.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI HTTP request."""
        response = await self.answer(Request.from_asgi(scope, receive))
        if response is not None:
            await response(scope, receive, send)

    async def serve(self, exchange: Exchange) -> None:
        """Serve one exchange of our own server."""
        response = await self.answer(Request.from_exchange(exchange))
        if response is None:
            exchange.abort()
        elif response.stream is None:
            response.send(exchange)
        else:
            await self._serve_stream(exchange, response, response.stream)

    async def _serve_stream(self, exchange: Exchange, response: Response, stream: Stream) -> None:
        """Send an answer part by part; it counts as in flight meanwhile."""
        correlation_id.set(response.headers[CORRELATION_HEADER])
        self._inflight += 1
        try:
            await send_stream(stream, exchange, response.status, response.encoded_headers())
        except ClientDisconnectedError:
            logger.info("client disconnected")
            exchange.abort()
        except Problem as problem:
            line = fields(code=problem.kind.code)
            logger.warning("answer broken off: %s", problem.detail, extra=line)
            exchange.abort()
        finally:
            self._inflight -= 1

    async def answer(self, request: Request) -> Response | None:
        """Return the answer to a request, or None if its caller is gone."""
        if (operational := await self._operational(request)) is not None:
            return operational
        started = time.perf_counter()
        token = correlation_id.set(request.correlation_id)
        self._inflight += 1
        try:
            response = await self._traced(request)
        except ClientDisconnectedError:
            logger.info("client disconnected", extra=fields(path=request.path[:MOST_PATH]))
            return None
        else:
            elapsed = observe_request(self.name, request.method, response.status, started)
            line = {
                "method": request.method,
                "path": request.path[:MOST_PATH],
                "status": response.status,
                "milliseconds": elapsed,
                **request.log,
            }
            log_request(logger, line, failed=response.status >= HTTPStatus.BAD_REQUEST)
            response.headers[CORRELATION_HEADER] = request.correlation_id
            return response
        finally:
            self._inflight -= 1
            correlation_id.reset(token)

    async def _traced(self, request: Request) -> Response:
        """Answer within the caller's trace, if it has one."""
        parent = accept_traceparent(request.headers.get(TRACEPARENT_HEADER))
        with span(f"{request.method} {self.name}", "server", parent) as traced:
            token = trace_context.set(traced.context)
            if traced.context:
                request.log["traceId"] = trace_id(traced.context)
            try:
                response = await self._guarded(request)
            finally:
                trace_context.reset(token)
            traced.note(
                http__request__method=request.method,
                http__response__status_code=response.status,
                hookstream__correlation_id=request.correlation_id,
            )
            return response

    async def _guarded(self, request: Request) -> Response:
        try:
            if self._inflight > settings().max_inflight:
                limit = settings().max_inflight
                raise Problem("too_many_requests", f"{limit} are in flight", retry_after=1)  # noqa: TRY301 - one place turns problems into answers
            request.waiting = self._waiting
            handler = await self.open()
            if self._admission is not None:
                await self._admit(request, self._admission)
            return await handler.handle(request)
        except Problem as problem:
            request.log.setdefault("code", problem.kind.code)
            if problem.kind.log_level > logging.INFO:
                line = fields(code=problem.kind.code)
                logger.log(problem.kind.log_level, problem.detail, extra=line)
            return Response.problem(problem, request.correlation_id)
        except (ClientDisconnectedError, asyncio.CancelledError):
            raise
        except Exception:
            logger.exception("unexpected error")
            unexpected = Problem("internal_error", "It is logged under the correlation id.")
            return Response.problem(unexpected, request.correlation_id)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Make room for others while a caller takes time, as slow ones may without end."""
        self._inflight -= 1
        try:
            yield
        finally:
            self._inflight += 1

    async def _admit(self, request: Request, admission: Admission) -> None:
        """Note who calls, if they may. Raises Problem."""
        request.caller = await admission.admit(request)
        if request.caller:
            request.log["caller"] = request.caller

    async def _operational(self, request: Request) -> Response | None:
        if request.path in _LIVE:
            return Response.json({"status": "live"})
        if request.path == "/metrics":
            return Response(200, generate_latest(), {"content-type": CONTENT_TYPE_LATEST})
        if request.path not in _READY:
            return self._documentation(request)
        try:
            if self.draining:
                raise Problem("function_unavailable", "The function is shutting down.")  # noqa: TRY301 - as above
            await (await self.open()).ready()
        except Problem as problem:
            return Response.problem(problem, request.correlation_id)
        return Response.json({"status": "ready"})

    def _documentation(self, request: Request) -> Response | None:
        """Return the answer to a request for what the function says of itself."""
        if self._describe is None or not request.path.startswith(_DOCUMENTATION):
            return None
        if request.method not in {"GET", "HEAD"}:
            return None
        pages = importlib.import_module("shared.openapi.pages")  # it stands on this module
        return pages.page(request, self._describe)  # type: ignore[no-any-return]


class _FrameworkRequest(Protocol):
    """The part of starlette.requests.Request that is used."""

    scope: Scope

    @property
    def receive(self) -> Receive:
        """Return the ASGI receive channel."""


Target = Callable[[_FrameworkRequest], Coroutine[Any, Any, Response]]


def framework_target(function: Function) -> Target:
    """Return the coroutine function that functions-framework's `--asgi --target` looks for.

    Contract: an HTTP function takes a starlette Request and may return any response that is an
    ASGI application (functions_framework/aio/__init__.py of functions-framework-python).
    """

    async def target(request: _FrameworkRequest) -> Response:
        answer = await function.answer(Request.from_asgi(request.scope, request.receive))
        return answer or Response(499)

    return target
