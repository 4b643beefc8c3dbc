"""One lasting connection to NATS: made in the background, kept, honest about being away."""

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Callable

import stamina
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import SecureConnWantedError
from nats.js import JetStreamContext

from shared.errors import ERRORS, Problem
from shared.stream.address import connect, read_address
from shared.telemetry import fields

RETRY_AFTER = 2.0
"""Seconds after which callers are told to try again while the broker is away."""

_REFUSALS = re.compile(r"(Authorization|Permissions) Violation.*", re.IGNORECASE)
"""What nats-server says (server/errors.go, and client.go on permissions)."""

logger = logging.getLogger(__name__)


class Broker:
    """Connects to one of `url`'s servers and reconnects, to any of them, without end.

    `on_disconnect` callables run in the event loop each time the connection is lost. What the
    server refuses, a login say or a subject, is logged as broker_refused. Raises ValueError for a
    bad `url`, OSError if a file that it names cannot be read.
    """

    def __init__(self, url: str, name: str) -> None:
        read_address(url).options()
        self._url = url
        self._name = name
        self._client: Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._refusal = ""
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
            detail = "Nothing was accepted; send the same request again."
            if self._refusal:
                detail = f"The broker refuses this client: {self._refusal}"
            raise Problem("broker_unavailable", detail, retry_after=RETRY_AFTER)
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """Return JetStream's management API. Raises Problem broker_unavailable."""
        return self.client.jetstream(timeout=5)

    @property
    def refusal(self) -> str:
        """Return why the server does not let this client in, '' if that is not known."""
        return self._refusal

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
                self._client = await connect(
                    self._url,
                    name=self._name,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,
                    connect_timeout=2,
                    ping_interval=5,
                    max_outstanding_pings=2,
                    disconnected_cb=self._disconnected,
                    reconnected_cb=self._reconnected,
                    closed_cb=self._closed,
                    error_cb=self._failed,
                )
        self._refusal = ""
        logger.info("connected to the broker")

    async def _disconnected(self) -> None:
        logger.warning("lost the broker")
        for call in self.on_disconnect:
            call()

    async def _reconnected(self) -> None:
        self._refusal = ""
        logger.info("connected to the broker again")

    async def _closed(self) -> None:
        """Begin anew when the library gives up, as it does when a login is withdrawn."""
        if self._client is not None:
            self._client = None
            self.start()

    async def _failed(self, error: Exception) -> None:
        reason = refusal(error)
        if not reason:
            logger.debug("broker connection", extra=fields(error=type(error).__name__))
        elif self._client is not None and self._client.is_connected:
            _log_refusal(reason)
        elif reason != self._refusal:
            # It is tried again a few times a second.
            self._refusal = reason
            _log_refusal(reason)


def refusal(error: Exception) -> str:
    """Return why one of both sides refuses the other, '' for an error of another kind."""
    if isinstance(error, ssl.SSLError | SecureConnWantedError):
        return f"TLS: {error}"
    found = _REFUSALS.search(str(error))
    return found[0].rstrip("'") if found else ""


def _log_refusal(reason: str) -> None:
    kind = ERRORS["broker_refused"]
    logger.log(kind.log_level, kind.title, extra=fields(code=kind.code, reason=reason))
