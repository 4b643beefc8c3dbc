"""A server on a free port of localhost, and callers that write bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httptools
from processes import listening

from shared.http.exchange import Application, Exchange
from shared.http.limits import Limits
from shared.http.server import HttpServer, serve_http


class Caller:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *segments: bytes) -> None:
        """Send segments one by one, each after the server had time to see the one before."""
        for segment in segments:
            self.writer.write(segment)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def rest(self) -> bytes:
        """Return all that the server says until it closes."""
        return await asyncio.wait_for(self.reader.read(), 10)

    async def answer(self) -> bytes:
        """Return one answer with a content-length."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head + await asyncio.wait_for(self.reader.readexactly(int(length or 0)), 10)

    def close(self) -> None:
        self.writer.transport.abort()


class Served:
    """What a scenario has at hand."""

    def __init__(self, server: HttpServer, port: int) -> None:
        self.server = server
        self.port = port
        self.callers: list[Caller] = []

    async def connect(self) -> Caller:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        self.callers.append(Caller(reader, writer))
        return self.callers[-1]

    async def say(self, *segments: bytes) -> bytes:
        """Send segments over a connection of their own and return all that is answered."""
        caller = await self.connect()
        await caller.send(*segments)
        return await caller.rest()


@asynccontextmanager
async def served(
    application: Application, limits: Limits | None = None, *, cancels: bool = False
) -> AsyncIterator[Served]:
    """Serve while the block runs."""
    listener = listening()
    port = listener.getsockname()[1]
    chosen = limits or Limits()
    server = await serve_http(application, [listener], chosen, cancel_on_disconnect=cancels)
    serving = Served(server, port)
    try:
        yield serving
    finally:
        for caller in serving.callers:
            caller.close()
        await server.drain(1)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


async def describe(exchange: Exchange) -> None:
    """Answer what the application sees."""
    body = [chunk async for chunk in exchange.chunks()]
    seen = {
        "method": exchange.method,
        "target": exchange.target.decode("latin-1"),
        "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in exchange.headers],
        "exists": exchange.body_exists,
        "body": b"".join(body).decode("latin-1"),
    }
    content = json.dumps(seen).encode()
    exchange.respond(200, [(b"content-type", b"application/json")], content)


class _Parts:
    def __init__(self) -> None:
        self.found: list[tuple[int, dict[str, str], bytes]] = []
        self.headers: dict[str, str] = {}
        self.body = b""

    def on_message_begin(self) -> None:
        self.headers, self.body = {}, b""

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.found.append((0, self.headers, self.body))


Answer = tuple[int, dict[str, str], bytes]


def answers(text: bytes) -> list[Answer]:
    """Return the status, headers and body of each answer; fails if a byte is left over."""
    found: list[Answer] = []
    while text:
        parts = _Parts()
        parser = httptools.HttpResponseParser(parts)
        end = _first_end(parser, parts, text)
        found.append((parser.get_status_code(), *parts.found[0][1:]))
        text = text[end:]
    return found


def _first_end(parser: httptools.HttpResponseParser, parts: _Parts, text: bytes) -> int:
    head, _, rest = text.partition(b"\r\n\r\n")
    position = len(head) + 4
    parser.feed_data(text[:position])
    for byte in rest:
        if parts.found:
            break
        parser.feed_data(bytes([byte]))
        position += 1
    assert parts.found, text
    return position


def statuses(text: bytes) -> list[int]:
    return [status for status, _, _ in answers(text)]
