"""Listens, and ends without breaking off what is under way."""

import asyncio
import socket
from collections.abc import Sequence

from shared.http.connection import Connection
from shared.http.exchange import Application
from shared.http.limits import Limits
from shared.http.residents import Residents


class HttpServer:
    """A running server; made by serve_http."""

    def __init__(self, residents: Residents) -> None:
        self._residents = residents
        self._listeners: list[asyncio.Server] = []

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Accept on the sockets, too; they are closed with the server."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            server = await loop.create_server(
                lambda: Connection(self._residents), sock=listener, backlog=1024
            )
            self._listeners.append(server)

    async def drain(self, timeout: float) -> None:
        """Accept no more, close what idles, wait for the answers under way, then abort the rest.

        Each connection closes after the answers that it owes. Cancelling aborts at once.
        """
        for server in self._listeners:
            server.close()
        self._residents.leave()
        try:
            async with asyncio.timeout(timeout):
                await self._residents.gone()
        except TimeoutError:
            pass
        finally:
            self._residents.evict()
        await self._residents.ended()


async def serve_http(
    application: Application,
    sockets: Sequence[socket.socket],
    limits: Limits | None = None,
    *,
    cancel_on_disconnect: bool = False,
) -> HttpServer:
    """Serve an application on listening sockets.

    Each request has a task of its own. When its caller goes away, it is cancelled if so chosen;
    else it learns of that only when it reads the body or writes the answer.
    """
    residents = Residents(application, limits or Limits(), cancels=cancel_on_disconnect)
    server = HttpServer(residents)
    await server.listen(sockets)
    return server
