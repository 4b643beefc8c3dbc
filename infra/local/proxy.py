"""Passes a request on to a replica and its answer back, both as streams."""

import asyncio
import logging
import uuid

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from infra.local.pool import Backend, Pool
from infra.local.ports import HOST
from shared.errors import Problem

CALL_ID = "X-Call-Id"

_ATTEMPTS = 3
_SMALL = 64 * 1024
# RFC 9110, 7.6.1
_HOP_BY_HOP = frozenset(
    name.lower()
    for name in (
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    )
)
_NOT_FORWARDED = _HOP_BY_HOP | {"host", "expect"}
_SKIPPED_DEFAULTS = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)

logger = logging.getLogger(__name__)


def client() -> aiohttp.ClientSession:
    """Return the session for all replicas.

    Its idle connections end before those of the replicas (75 s) do, so that none breaks at reuse.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=256 * 1024,
    )
    # Whether to send a request again is the caller's decision, also if its method is idempotent.
    session._retry_connection = False  # noqa: SLF001 - there is no public way
    return session


async def forward(
    session: aiohttp.ClientSession, request: web.BaseRequest, pool: Pool, path: str
) -> web.StreamResponse:
    """Answer a request with what a replica answers to it at `path` (as sent, with its query).

    Raises Problem: bad_gateway when the replica goes away before its answer begins,
    gateway_timeout when it takes longer than the function may, function_unavailable when there
    is none. If it goes away later, the caller's connection is cut, for the answer is not whole.
    """
    sent: list[web.StreamResponse] = []
    try:
        async with asyncio.timeout(pool.spec.timeout):
            with pool.admitted():
                return await _attempts(session, request, pool, path, sent)
    except TimeoutError:
        detail = f"{pool.spec.name} did not answer within {pool.spec.timeout:g} s."
        problem = Problem("gateway_timeout", detail)
    except (aiohttp.ClientError, ConnectionError):
        detail = f"The replica of {pool.spec.name} ended before its answer did."
        problem = Problem("bad_gateway", detail, retry_after=1)
    if not sent:
        raise problem
    logger.warning("answer cut: %s", problem.detail)
    if request.transport is not None:
        request.transport.abort()
    return sent[0]


async def _attempts(
    session: aiohttp.ClientSession,
    request: web.BaseRequest,
    pool: Pool,
    path: str,
    sent: list[web.StreamResponse],
) -> web.StreamResponse:
    """Try replicas until one takes the connection; nothing is sent to one that refuses it."""
    for _ in range(_ATTEMPTS):
        backend = await pool.pick()
        try:
            with pool.using(backend):
                return await _exchange(session, request, backend, path, sent)
        except aiohttp.ClientConnectorError as error:
            if not isinstance(error.os_error, ConnectionRefusedError):
                raise
            pool.lost(backend.replica.id)
    detail = f"No replica of {pool.spec.name} takes connections."
    raise Problem("function_unavailable", detail, retry_after=1)


async def _exchange(
    session: aiohttp.ClientSession,
    request: web.BaseRequest,
    backend: Backend,
    path: str,
    sent: list[web.StreamResponse],
) -> web.StreamResponse:
    headers = _request_headers(request)
    await _invite_body(request)
    async with session.request(
        request.method,
        URL(f"http://{HOST}:{backend.replica.port}{path}", encoded=True),
        headers=headers,
        data=request.content.iter_any() if request.body_exists else None,
        allow_redirects=False,
        skip_auto_headers=_SKIPPED_DEFAULTS,
    ) as upstream:
        answer = _end_to_end(upstream.headers)
        if CALL_ID not in request.headers:
            answer[CALL_ID] = headers[CALL_ID]
        if (upstream.content_length or _SMALL + 1) <= _SMALL and request.method != hdrs.METH_HEAD:
            answer.popall(hdrs.CONTENT_LENGTH, None)
            body = await upstream.read()
            return web.Response(status=upstream.status, body=body, headers=answer)
        response = web.StreamResponse(
            status=upstream.status, reason=upstream.reason, headers=answer
        )
        sent.append(response)
        await response.prepare(request)
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


async def _invite_body(request: web.BaseRequest) -> None:
    """Let a caller go on that waits for leave to send its body (RFC 9110, 10.1.1)."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def _end_to_end(
    headers: CIMultiDictProxy[str], dropped: frozenset[str] = _HOP_BY_HOP
) -> CIMultiDict[str]:
    """Return the headers that go on, without those of this hop and those that it names."""
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    kept = ((k, v) for k, v in headers.items() if k.lower() not in dropped | named)
    return CIMultiDict(kept)


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers, _NOT_FORWARDED)
    peer = request.remote or ""
    earlier = headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{earlier}, {peer}" if earlier else peer
    headers.setdefault("X-Forwarded-Host", request.headers.get(hdrs.HOST, ""))
    headers.setdefault("X-Forwarded-Proto", "http")
    headers.setdefault(CALL_ID, uuid.uuid4().hex)
    return headers
