"""Asks an HTTP server of this machine how it is."""

import asyncio
import contextlib

from infra.local.ports import HOST

_TIMEOUT = 5.0


async def http_status(port: int, path: str) -> int:
    """Return the status that GET `path` is answered with on 127.0.0.1, 0 without an answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(HOST, port)
            with contextlib.closing(writer):
                writer.write(request.encode())
                words = (await reader.readline()).split()
    except (OSError, TimeoutError):
        return 0
    return int(words[1]) if len(words) > 1 else 0
