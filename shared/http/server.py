"""Listens, and ends without breaking off what is under way."""

import asyncio
import socket
from collections.abc import Sequence

from shared.http.connection import Connection
from shared.http.connections import Connections
from shared.http.exchange import Application
from shared.http.limits import Limits


class HttpServer:
    """A running server; made by serve_http."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._listeners: list[asyncio.Server] = []

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Accept on the sockets, too; they are closed with the server."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            server = await loop.create_server(
                lambda: Connection(self._connections), sock=listener, backlog=1024
            )
            self._listeners.append(server)

    async def drain(self, patience: float) -> None:
        """Accept no more, close what idles, wait for the answers under way, then abort the rest.

        Each connection closes after the answers that it owes.
        """
        for server in self._listeners:
            server.close()
        self._connections.retire()
        try:
            async with asyncio.timeout(patience):
                await self._connections.gone()
        except TimeoutError:
            self.abort()
            await self._connections.gone()

    def abort(self) -> None:
        """Break off what is under way: connections are cut, requests cancelled."""
        self._connections.evict()


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
    connections = Connections(application, limits or Limits(), cancels=cancel_on_disconnect)
    server = HttpServer(connections)
    await server.listen(sockets)
    return server
