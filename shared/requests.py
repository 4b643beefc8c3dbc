"""A request and its response, free of any platform and server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec

from shared.errors import Problem
from shared.http.exchange import ClientDisconnectedError, Exchange
from shared.streaming import Stream, send_asgi_body
from shared.telemetry import CORRELATION_HEADER, accept_correlation_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def _not_here() -> None:
    return None


@dataclass(slots=True)
class Request:
    """One HTTP request; header names are lower case, `query` is the raw query string."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    chunks: Callable[[], AsyncIterator[bytes]]
    correlation_id: str
    log: dict[str, object] = field(default_factory=dict)
    """Members that the handler adds to the request's log line."""
    caller: str = ""
    """Who sent it, as it may be logged; '' while nobody asked."""
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    """While its block runs, the request waits for its caller and does not count as in flight."""
    whole: Callable[[], bytes | None] = _not_here
    """Takes the body if all of it is there in one piece; else it is to be read from `chunks`."""

    @classmethod
    def from_exchange(cls, exchange: Exchange) -> "Request":
        """Wrap an exchange of our own server."""
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in exchange.headers}
        path, query = _path_and_query(exchange.target)
        return cls(
            method=exchange.method,
            path=path,
            query=query,
            headers=headers,
            chunks=exchange.chunks,
            correlation_id=accept_correlation_id(headers.get(CORRELATION_HEADER)),
            whole=exchange.whole,
        )

    @classmethod
    def from_asgi(cls, scope: Scope, receive: Receive) -> "Request":
        """Wrap an ASGI HTTP scope; nothing is read from the connection yet."""
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            chunks=lambda: _body_chunks(receive),
            correlation_id=accept_correlation_id(headers.get(CORRELATION_HEADER)),
        )


def _path_and_query(target: bytes) -> tuple[str, str]:
    """Split a target as sent, which may be a whole URL (RFC 9112, 3.2.2)."""
    text = target.decode("latin-1")
    if not text.startswith("/"):
        _, _, text = text.partition("://")
        text = text[text.find("/") :] if "/" in text else "/"
    path, _, query = text.partition("?")
    return unquote(path) if "%" in path else path, query


async def _body_chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnectedError
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk


@dataclass(slots=True)
class Response:
    """One HTTP answer, itself an ASGI application so that any framework can send it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stream: Stream | None = None
    """The body part by part, instead of `body`; an error while it is read cuts the connection."""

    @classmethod
    def json(cls, document: object, status: int = 200, **headers: str) -> "Response":
        """Answer a document that msgspec can encode."""
        body = msgspec.json.encode(document)
        return cls(status, body, {"content-type": "application/json", **headers})

    @classmethod
    def problem(cls, problem: Problem, correlation: str) -> "Response":
        """Answer a problem document."""
        return cls(problem.kind.status, problem.document(correlation), problem.headers())

    def encoded_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as they go out."""
        return [(k.encode(), v.encode("latin-1")) for k, v in self.headers.items()]

    def send(self, exchange: Exchange) -> None:
        """Answer an exchange of our own server."""
        headers = self.encoded_headers()
        exchange.respond(self.status, headers, self.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        headers = self.encoded_headers()
        if self.stream is not None:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            await send_asgi_body(self.stream, scope["method"], receive, send)
            return
        if self.status != HTTPStatus.NOT_MODIFIED:  # its length would be that of what is not sent
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def require_method(request: Request, *allowed: str) -> None:
    """Raise the problem `method_not_allowed` unless the request's method is one of those."""
    if request.method not in allowed:
        names = ", ".join(allowed)
        raise Problem("method_not_allowed", f"Use {names}.", allow=names)
