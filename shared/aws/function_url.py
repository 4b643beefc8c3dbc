"""Lambda's function URLs: an event is a request, and a response its answer.

Contract: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, payload format 2.0.
"""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import aclosing
from urllib.parse import unquote

import msgspec

from shared.errors import Problem
from shared.requests import Request, Response
from shared.settings import MIB
from shared.streaming import Stream
from shared.telemetry import CORRELATION_HEADER, accept_correlation_id
from shared.web import Function

LARGEST_ANSWER = 4 * MIB
"""Bytes of a body: Lambda answers 6 MB at most, of which base64 takes a third."""

_TEXT = ("application/json", "application/problem+json", "text/", "application/x-ndjson")


class _Http(msgspec.Struct):
    method: str


class _Context(msgspec.Struct):
    http: _Http


class _Event(msgspec.Struct):
    requestContext: _Context
    rawPath: str = "/"
    rawQueryString: str = ""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    body: str | None = None
    isBase64Encoded: bool = False


def is_request(event: object) -> bool:
    """Say whether an event is one of a function URL."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and "http" in context


def read_request(event: object) -> Request:
    """Return the request of an event. Raises ValueError."""
    read = msgspec.convert(event, _Event)
    headers = {name.lower(): text for name, text in read.headers.items()}
    if read.cookies:
        headers["cookie"] = "; ".join(read.cookies)
    text = read.body or ""
    body = b64decode(text, validate=True) if read.isBase64Encoded else text.encode()
    return Request(
        method=read.requestContext.http.method,
        path=unquote(read.rawPath) or "/",
        query=read.rawQueryString,
        headers=headers,
        chunks=lambda: _chunks(body),
        correlation_id=accept_correlation_id(headers.get(CORRELATION_HEADER)),
        whole=lambda: body,
    )


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


async def answer(function: Function, event: object) -> dict[str, object]:
    """Have a function answer an event and return what Lambda makes the HTTP response of."""
    request = read_request(event)
    response = await function.answer(request) or Response(499)
    try:
        body = response.body
        if response.stream is not None:
            body = await _gathered(response.stream, request.method)
        elif len(body) > LARGEST_ANSWER:
            raise _too_large()
    except Problem as problem:
        response = Response.problem(problem, request.correlation_id)
        response.headers[CORRELATION_HEADER] = request.correlation_id
        body = response.body
    return _written(response, body)


async def _gathered(stream: Stream, method: str) -> bytes:
    """Return the whole of a stream. Raises Problem."""
    parts: list[bytes] = []
    size = 0
    async with aclosing(stream):
        if method == "HEAD":
            return b""
        async for part in stream:
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise _too_large()
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem(
        "selection_too_large",
        f"A function URL answers {LARGEST_ANSWER} bytes at most: ask for less, or in pages.",
    )


def _written(response: Response, body: bytes) -> dict[str, object]:
    media_type = response.headers.get("content-type", "")
    plain = media_type.startswith(_TEXT) and "content-encoding" not in response.headers
    try:
        text = body.decode() if plain else None
    except UnicodeDecodeError:
        text = None
    return {
        "statusCode": response.status,
        "headers": response.headers,
        "body": b64encode(body).decode() if text is None else text,
        "isBase64Encoded": text is None,
    }
