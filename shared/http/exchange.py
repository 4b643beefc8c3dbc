"""One request and its answer, as an application sees them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from shared.http.body import Body
from shared.http.heads import Framing, frame, response_head

Headers = Sequence[tuple[bytes, bytes]]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOINED = 64 * 1024


class ClientDisconnectedError(Exception):
    """The caller went away before its request was read: there is nobody to answer."""


class Wire(Protocol):
    """What an exchange needs of its connection."""

    def send(self, *parts: bytes) -> None:
        """Send bytes, if the caller is still there."""

    async def drained(self) -> None:
        """Return when more may be sent. Raises ClientDisconnectedError."""

    def keeps(self) -> bool:
        """Say whether the connection may go on after the answer that is being made."""

    def abort(self) -> None:
        """Cut the connection."""


class Exchange:
    """A request; `respond`, or `start`, `write` and `end`, answer it.

    `target` is path and query as sent; `headers` are in the order sent, their names lower case;
    `peer` is the caller's address.
    """

    __slots__ = (
        "_chunked",
        "_head",
        "_left",
        "_wire",
        "answered",
        "body",
        "continues",
        "headers",
        "http10",
        "keep_alive",
        "method",
        "peer",
        "started",
        "target",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - what a head holds
        self, wire: Wire, body: Body, method: str, target: bytes, headers: Headers, peer: str
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.peer = peer
        self.body = body
        self.keep_alive = True
        self.http10 = False
        self.continues = False
        """The caller waits for leave to send the body (RFC 9110, 10.1.1)."""
        self.started = False
        self.answered = False
        self._wire = wire
        self._head = b""
        self._chunked = False
        self._left: int | None = None

    def get(self, name: str) -> str | None:
        """Return the value of a header, the last one if there are several."""
        wanted = name.encode("latin-1")
        for known, value in self.headers[::-1]:
            if known == wanted:
                return value.decode("latin-1")
        return None

    @property
    def body_exists(self) -> bool:
        """Say whether the request has a body that is not known to be empty."""
        return self.body.exists

    @property
    def body_complete(self) -> bool:
        """Say whether nothing of the body is still to come from the caller."""
        return self.body.complete

    def whole(self) -> bytes | None:
        """Take the body if all of it is there in one piece; else return None."""
        return self.body.whole()

    def take(self) -> list[bytes]:
        """Return the parts of the body that are there already, and forget them."""
        return self.body.take()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; while nobody asks, the caller has to wait.

        Raises ClientDisconnectedError, and Problem invalid_request for a body that is not HTTP.
        """
        if self.continues and self.body.awaited:
            self.continues = False
            self._wire.send(CONTINUE)
        while (chunk := await self.body.next()) is not None:
            yield chunk

    def respond(
        self, status: int, headers: Headers, body: bytes = b"", reason: bytes | None = None
    ) -> None:
        """Answer at once. `content-length` is added unless it is among the headers."""
        framing = frame(self.method, status, headers, len(body))
        head = self._begin(status, headers, framing, reason)
        self.answered = True
        if not framing.bodiless and body:
            if len(body) <= _JOINED:
                self._wire.send(head + body)
            else:
                self._wire.send(head, body)
        else:
            self._wire.send(head)

    def start(self, status: int, headers: Headers, reason: bytes | None = None) -> None:
        """Begin an answer; it is chunked unless `content-length` is among the headers.

        The head goes out with the first chunk, or at the end.
        """
        framing = frame(self.method, status, headers, None)
        unknown = framing.length is None and not framing.bodiless
        self._chunked = unknown and not self.http10
        if unknown and self.http10:
            self.keep_alive = False
        self._left = 0 if framing.bodiless else framing.length
        self._head = self._begin(status, headers, framing, reason, chunked=self._chunked)

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body and return when more may follow.

        Raises ClientDisconnectedError.
        """
        head, self._head = self._head, b""
        if self._left is not None:
            chunk = chunk[: self._left]
            self._left -= len(chunk)
        if chunk and self._chunked:
            self._wire.send(b"%b%x\r\n" % (head, len(chunk)), chunk, b"\r\n")
        else:
            self._wire.send(head, chunk)
        await self._wire.drained()

    async def end(self) -> None:
        """End the answer. One that is shorter than its `content-length` cuts the connection."""
        if self._left:
            self.abort()
            return
        self.answered = True
        last = self._head + (b"0\r\n\r\n" if self._chunked else b"")
        self._head = b""
        if last:
            self._wire.send(last)

    def abort(self) -> None:
        """Cut the connection, so that the caller knows that the answer is not whole."""
        self.answered = True
        self._wire.abort()

    def _begin(
        self,
        status: int,
        headers: Headers,
        framing: Framing,
        reason: bytes | None,
        *,
        chunked: bool = False,
    ) -> bytes:
        if self.started:
            raise RuntimeError("the request is already answered")
        if framing.closes or (self.continues and self.body.awaited) or not self._wire.keeps():
            self.keep_alive = False
        persistence = b""
        if not framing.closes:
            if not self.keep_alive:
                persistence = b"connection: close\r\n"
            elif self.http10:
                persistence = b"connection: keep-alive\r\n"
        head = response_head(
            status, headers, framing, reason, persistence=persistence, chunked=chunked
        )
        self.started = True
        return head


Application = Callable[[Exchange], Awaitable[None]]
