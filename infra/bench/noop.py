"""`python -m infra.bench.noop FD`: an HTTP server that reads bodies and does nothing with them.

What is left of the cost of a request when nobody looks at it: httptools and uvloop, as little
Python as there can be. FD is a listening socket.
"""

import asyncio
import signal
import socket
import sys
from typing import cast

import httptools
import uvloop

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class _Exchange(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._transport is not None:
            self._transport.write(_ANSWER)


async def _serve(descriptor: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with socket.socket(fileno=descriptor) as listener:
        server = await loop.create_server(_Exchange, sock=listener)
        await stop.wait()
        server.close()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
