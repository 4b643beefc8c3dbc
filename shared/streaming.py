"""Sends an answer part by part, as fast as its caller reads."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Protocol

from shared.http.exchange import ClientDisconnectedError, Exchange, Headers

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_STALL = 60.0
"""Seconds in which a caller has to read more."""


class Stream(Protocol):
    """A body part by part."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the parts."""

    async def aclose(self) -> None:
        """Let go of what the parts come from, whether or not any was read."""


async def send_stream(stream: Stream, exchange: Exchange, status: int, headers: Headers) -> None:
    """Answer an exchange of our own server.

    Raises ClientDisconnectedError, and what reading the stream raises.
    """
    exchange.start(status, headers)
    async with aclosing(_parts(stream, exchange.method)) as parts:
        async for part in parts:
            async with _patience():
                await exchange.write(part)
    await exchange.end()


async def send_asgi_body(stream: Stream, method: str, receive: _Receive, send: _Send) -> None:
    """Send the body of an ASGI answer that has begun.

    Raises ClientDisconnectedError, and what reading the stream raises.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        async with aclosing(_parts(stream, method)) as parts:
            async for part in parts:
                if gone.done():
                    return
                async with _patience():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _parts(stream: Stream, method: str) -> AsyncGenerator[bytes, None]:
    """Yield the parts, none of them for HEAD, and let go of the stream."""
    async with aclosing(stream):
        if method != "HEAD":
            async for part in stream:
                yield part


async def _disconnected(receive: _Receive) -> None:
    """Return when the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Give a caller up that does not read on."""
    try:
        async with asyncio.timeout(_STALL):
            yield
    except TimeoutError as error:
        raise ClientDisconnectedError from error
