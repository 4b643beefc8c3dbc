"""HTTP connections that do not wait for ever for the head of a request."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.settings import settings


class BoundedConnection(HttpToolsProtocol):
    """Closes a connection that is open for `idle_timeout` seconds without a complete head.

    uvicorn itself bounds only the time from an answer to the first byte of the next request.
    """

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the head."""
        super().on_message_begin()
        if self._head is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._head_is_over()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._head_is_over()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(settings().idle_timeout, self._too_slow)

    def _head_is_over(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        self._head = None
        self.transport.close()
