"""One lasting connection to NATS: made in the background, kept, honest about being away."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import nats
import stamina
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from shared.errors import Problem
from shared.telemetry import fields

RETRY_AFTER = 2.0
"""Seconds after which callers are told to try again while the broker is away."""

logger = logging.getLogger(__name__)


def servers_of(url: str) -> list[str]:
    """Return the servers of NATS_URL, which are separated by commas."""
    return [server.strip() for server in url.split(",")]


class Broker:
    """Connects to one of `url`'s servers and reconnects, to any of them, without end.

    `on_disconnect` callables run in the event loop each time the connection is lost.
    """

    def __init__(self, url: str, name: str) -> None:
        self._servers = servers_of(url)
        self._name = name
        self._client: Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self.on_disconnect: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not a server is there."""
        self._connecting = asyncio.create_task(self._connect())

    async def available(self, patience: float | None = 1.0) -> Client:
        """Return the client, waiting at most `patience` seconds for the very first connection.

        Raises Problem broker_unavailable.
        """
        if self._client is None and self._connecting is not None:
            await asyncio.wait([self._connecting], timeout=patience)
        return self.client

    @property
    def client(self) -> Client:
        """Return the client while it is connected. Raises Problem broker_unavailable."""
        if self._client is None or not self._client.is_connected:
            raise Problem(
                "broker_unavailable",
                "Nothing was accepted; send the same request again.",
                retry_after=RETRY_AFTER,
            )
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """Return JetStream's management API. Raises Problem broker_unavailable."""
        return self.client.jetstream(timeout=5)

    async def close(self) -> None:
        """Send what is buffered and disconnect."""
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        client, self._client = self._client, None
        if client is not None:
            if client.is_connected:
                await client.flush()
            await client.close()

    async def _connect(self) -> None:
        async for attempt in stamina.retry_context(
            on=(NatsError, OSError), attempts=None, timeout=None, wait_initial=0.05, wait_max=1.0
        ):
            with attempt:
                self._client = await nats.connect(
                    self._servers,
                    name=self._name,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,
                    connect_timeout=2,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    disconnected_cb=self._disconnected,
                    reconnected_cb=self._reconnected,
                    error_cb=self._failed,
                )
        logger.info("connected to the broker")

    async def _disconnected(self) -> None:
        logger.warning("lost the broker")
        for call in self.on_disconnect:
            call()

    async def _reconnected(self) -> None:
        logger.info("connected to the broker again")

    async def _failed(self, error: Exception) -> None:
        logger.debug("broker connection", extra=fields(error=type(error).__name__))
