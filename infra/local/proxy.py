"""Passes a request on to a replica and its answer back, both as streams."""

import asyncio
import logging

from infra.local.deadlines import Deadline
from infra.local.hops import CALL_ID, answer_headers, new_call_id, request_head
from infra.local.pool import Pool
from infra.local.upstream import AnswerHead, Upstream, UpstreamError
from infra.local.upstreams import Upstreams
from shared.errors import Problem
from shared.http.exchange import ClientDisconnectedError, Exchange
from shared.settings import KIB

_ATTEMPTS = 3
_SMALL = 64 * KIB
_LAST_CHUNK = b"0\r\n\r\n"

logger = logging.getLogger(__name__)


async def forward(upstreams: Upstreams, exchange: Exchange, pool: Pool, target: bytes) -> int:
    """Answer a request with what a replica answers to it at `target`; return the status.

    `target` is path and query as sent. Raises Problem: bad_gateway when the replica goes away
    before its answer begins, gateway_timeout when it takes longer than the function may,
    function_unavailable when there is none. If it goes away later, the caller's connection is
    cut, for the answer is not whole.
    """
    forwarding = _Forwarding(upstreams, exchange, pool, target)
    try:
        with Deadline(pool.deadlines), pool.admitted():
            return await forwarding.run()
    except TimeoutError:
        detail = f"{pool.spec.name} did not answer within {pool.spec.timeout:g} s."
        problem = Problem("gateway_timeout", detail)
    except OSError:
        detail = f"The replica of {pool.spec.name} ended before its answer did."
        problem = Problem("bad_gateway", detail, retry_after=1)
    except Problem as raised:
        problem = raised
    if not exchange.started:
        raise problem
    logger.warning("answer cut: %s", problem.detail)
    exchange.abort()
    return forwarding.status


class _Forwarding:
    """One request on its way; `status` is its answer's, once that has begun."""

    def __init__(self, upstreams: Upstreams, exchange: Exchange, pool: Pool, target: bytes) -> None:
        self.status = 0
        self._upstreams = upstreams
        self._exchange = exchange
        self._pool = pool
        self._target = target
        self._call = None if exchange.get(CALL_ID.decode()) else new_call_id()
        self._length_known = not exchange.body_exists or bool(exchange.get("content-length"))
        self._malformed: Problem | None = None

    async def run(self) -> int:
        """Try replicas until one takes a connection; nothing is sent to one that refuses it."""
        for _ in range(_ATTEMPTS):
            backend = await self._pool.pick()
            with self._pool.using(backend):
                port = backend.replica.port
                try:
                    upstream = self._upstreams.kept(port) or await self._upstreams.connect(port)
                except ConnectionRefusedError:
                    self._pool.lost(backend.replica.id)
                    continue
                try:
                    return await self._converse(upstream)
                finally:
                    self._upstreams.give_back(upstream)
        detail = f"No replica of {self._pool.spec.name} takes connections."
        raise Problem("function_unavailable", detail, retry_after=1)

    async def _converse(self, upstream: Upstream) -> int:
        exchange = self._exchange
        head = request_head(exchange, self._target, upstream.port, self._call)
        upstream.begin(to_head=exchange.method == "HEAD")
        if exchange.body_complete:
            body = self._framed(exchange.take(), last=True)
            upstream.send((head, *body), last=True)
            return await self._answer(upstream)
        upstream.send((head,), last=False)
        sending = asyncio.create_task(self._send_body(upstream))
        try:
            return await self._answer(upstream)
        except UpstreamError:
            if self._malformed is not None:
                raise self._malformed from None
            raise
        finally:
            sending.cancel()

    async def _send_body(self, upstream: Upstream) -> None:
        """Send the body as it comes; what ends that early ends the wait for the answer, too."""
        try:
            async for chunk in self._exchange.chunks():
                upstream.send(self._framed([chunk], last=False), last=False)
                await upstream.drained()
            upstream.send(self._framed([], last=True), last=True)
        except (UpstreamError, ClientDisconnectedError):
            # Whoever waits for the answer is told, or cancelled, unless that was already whole.
            return
        except Problem as problem:
            self._malformed = problem
            upstream.fail("the request is malformed")

    def _framed(self, parts: list[bytes], *, last: bool) -> list[bytes]:
        """Return parts of the body as they go on: chunked unless its length was sent."""
        if self._length_known:
            return parts
        framed = [piece for part in parts for piece in (b"%x\r\n" % len(part), part, b"\r\n")]
        return [*framed, _LAST_CHUNK] if last else framed

    async def _answer(self, upstream: Upstream) -> int:
        answer = await upstream.answer()
        length = answer.get(b"content-length")
        if length is not None and int(length) <= _SMALL:
            parts = upstream.take()
            if not upstream.complete:
                parts += [part async for part in upstream.chunks()]
            headers = answer_headers(answer, self._call)
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            self._exchange.respond(answer.status, headers, body)
            return answer.status
        return await self._stream(answer, upstream)

    async def _stream(self, answer: AnswerHead, upstream: Upstream) -> int:
        exchange = self._exchange
        self.status = answer.status
        exchange.start(answer.status, answer_headers(answer, self._call), answer.reason)
        async for chunk in upstream.chunks():
            await exchange.write(chunk)
        await exchange.end()
        return answer.status
