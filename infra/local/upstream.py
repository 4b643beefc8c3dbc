"""One kept connection to a replica: requests go out, their answers come in, both as streams."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools

Headers = list[tuple[bytes, bytes]]
"""Names in lower case with their values, in the order in which they came."""

_HEAD_LIMIT = 64 * 1024
_HELD_LIMIT = 512 * 1024
_OK = 200
_BODILESS = {204, 304}


class UpstreamError(ConnectionError):
    """The replica went away before its answer was whole, or what it says is not HTTP/1.1."""


@dataclass(slots=True)
class AnswerHead:
    """The status line and the headers of an answer."""

    status: int = 0
    reason: bytes = b""
    headers: Headers = field(default_factory=list)

    def get(self, wanted: bytes) -> bytes | None:
        """Return the value of a header, the first one if there are several."""
        return next((value for name, value in self.headers if name == wanted), None)


class Upstream(asyncio.Protocol):
    """Carries one exchange at a time: `begin`, then `send` while `answer` and `chunks` are read.

    `complete` says that nothing of the answer is still to come. At most half a megabyte of it is
    held; the replica waits while the caller does not take more.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.complete = True
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._head = AnswerHead()
        self._head_size = 0
        self._answered = True
        self._sent = True
        self._kept = True
        self._to_head = False
        self._interim = False
        self._until_closed = False
        self._parts: list[bytes] = []
        self._held = 0
        self._paused = False
        self._broken = ""
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None

    @property
    def reusable(self) -> bool:
        """Whether request and answer are over and the connection stays open."""
        done = self.complete and self._sent and self._kept and not self._broken
        return done and not self._transport.is_closing()

    def begin(self, *, to_head: bool) -> None:
        """Expect a new exchange; the answer `to_head` has no body, whatever its headers say."""
        self._head = AnswerHead()
        self._head_size = 0
        self._answered = self._sent = self.complete = self._until_closed = False
        self._to_head = to_head

    def send(self, parts: Sequence[bytes], *, last: bool) -> None:
        """Write bytes of the request in one go; `last` ends it. Raises UpstreamError."""
        self._check()
        # Not writelines(), whose buffer grows without bound in asyncio before 3.12.9 and 3.13.2
        # (CVE-2024-12254); the loop writes in one go what it is given in one turn.
        for part in parts:
            self._transport.write(part)
        self._sent = last

    async def drained(self) -> None:
        """Return once there is room for more of the request. Raises UpstreamError."""
        if self._writable is not None:
            await self._writable
        self._check()

    async def answer(self) -> AnswerHead:
        """Return the head of the answer. Raises UpstreamError."""
        while not self._answered:
            await self._progress()
        return self._head

    def take(self) -> list[bytes]:
        """Return what has come of the answer's body since last time."""
        parts, self._parts = self._parts, []
        self._held = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return parts

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the answer's body as it comes. Raises UpstreamError if it is cut."""
        while True:
            if parts := self.take():
                for part in parts:
                    yield part
            elif self.complete:
                return
            else:
                await self._progress()

    def fail(self, reason: str) -> None:
        """Cut the connection; whoever waits for it gets an UpstreamError."""
        self._broken = self._broken or reason
        self._transport.abort()
        self._wake()

    def _check(self) -> None:
        if self._broken:
            raise UpstreamError(self._broken)

    async def _progress(self) -> None:
        self._check()
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came and wake whoever waits for it."""
        if not self._answered:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(f"not an answer in HTTP/1.1: {error}")
            return
        if not self._answered and self._head_size > _HEAD_LIMIT:
            self.fail("the head of the answer is too long")
            return
        if self._held > _HELD_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer if closing is what ends it; else it is cut."""
        if self._until_closed and exc is None and not self._broken:
            self.complete = True
        self._broken = self._broken or f"connection lost: {exc or 'closed'}"
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        """Let `drained` wait."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let `drained` return."""
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Stop at an answer to nothing, which follows another one in the same segment."""
        if self.complete:
            raise UpstreamError("the replica spoke unasked")

    def on_status(self, reason: bytes) -> None:
        """Take the reason phrase, in as many pieces as it comes."""
        self._head.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers, which follow the body, end at this hop."""
        if not self._answered:
            self._head.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Take the status; an interim answer (RFC 9110, 15.2) is none."""
        status = self._parser.get_status_code()
        self._interim = status < _OK
        if self._interim:
            self._head = AnswerHead()
            return
        self._head.status = status
        self._answered = True
        self._kept = self._parser.should_keep_alive()
        if self._to_head:
            # The parser would wait for the body that the headers tell of.
            self.complete = True
            self._parser = httptools.HttpResponseParser(self)
        elif not self._kept and status not in _BODILESS:
            self._until_closed = _lasts_until_closed(self._head)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        if self.complete:
            self._kept = False
            return
        self._parts.append(part)
        self._held += len(part)

    def on_message_complete(self) -> None:
        """End the answer."""
        if not self._interim:
            self.complete = True


def _lasts_until_closed(head: AnswerHead) -> bool:
    """Say whether nothing but the connection's end is the body's (RFC 9112, 6.3)."""
    coding = head.get(b"transfer-encoding")
    if coding is not None:
        return not coding.lower().endswith(b"chunked")
    return head.get(b"content-length") is None
