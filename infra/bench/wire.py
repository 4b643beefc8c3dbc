"""A lean HTTP/1.1 client, so that the load generator takes little of what is measured.

Plain HTTP, keep-alive, one request at a time on a connection.
"""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httptools

from infra.bench.rendering import length_of, pieces_of
from infra.publisher.answers import Reply
from infra.publisher.bodies import Body
from infra.publisher.retry import retry_after
from infra.publisher.sender import TransportError


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Reply] | None = None
        self._room: asyncio.Future[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._wish: float | None = None

    async def exchange(self, head: bytes, pieces: Iterable[bytes]) -> Reply:
        """Send a request and return its answer. Raises TransportError.

        An answer that comes before all is sent is the answer; then the connection is closed.
        """
        if self._transport is None or self._transport.is_closing():
            raise TransportError("the connection is closed")
        waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        for number, piece in enumerate(pieces):
            if number == 0:
                self._transport.write(head + piece)
            else:
                self._transport.write(piece)
            if self._room is not None:
                await asyncio.wait((self._room, waiter), return_when=asyncio.FIRST_COMPLETED)
            if waiter.done():
                self.close()
                break
        return await waiter

    @property
    def reusable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"not HTTP: {error}")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"connection lost: {exc}" if exc else "connection closed")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self._wish = retry_after(value.decode("latin-1"))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        parser = self._parser
        reply = Reply(parser.get_status_code(), b"".join(self._parts), self._wish)
        if not parser.should_keep_alive():
            self.close()
        self._reset()
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(reply)

    def _fail(self, reason: str) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(TransportError(reason))


class WireClient:
    """Posts bodies to one URL over as many connections as are needed at once.

    Raises ValueError when the URL is not plain HTTP.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"{url}: the benchmark posts to http:// URLs")
        self._host, self._port = parts.hostname, parts.port or 80
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        self._line = f"POST {target} HTTP/1.1\r\nhost: {parts.netloc}\r\n".encode()
        self._timeout = timeout
        self._headers: dict[str, str] = {}
        self._start = self._line
        self._idle: list[_Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in self._idle:
            connection.close()

    async def post(self, body: Body) -> Reply:
        """Post a body. Raises TransportError."""
        connection = None
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._connection()
                reply = await connection.exchange(self._head(body), pieces_of(body))
        except (OSError, TimeoutError) as error:
            if connection:
                connection.close()
            raise TransportError(f"{type(error).__name__}: {error}") from error
        if connection.reusable:
            self._idle.append(connection)
        return reply

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(_Connection, self._host, self._port)
        return protocol

    def _head(self, body: Body) -> bytes:
        if body.headers is not self._headers:
            fields = "".join(f"{name}: {value}\r\n" for name, value in body.headers.items())
            self._start, self._headers = self._line + fields.encode("latin-1"), body.headers
        return b"%bcontent-length: %d\r\n\r\n" % (self._start, length_of(body))
