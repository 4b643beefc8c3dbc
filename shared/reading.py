"""Reads request bodies within bounds of size, time and the memory of the process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from shared.errors import Problem
from shared.settings import Settings
from shared.web import Request


class BodyReader:
    """Holds at most `max_inflight_bytes` of bodies at any time, over all requests."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the whole body as sent; its bytes count as held until the block ends.

        Raises Problem body_too_large, request_timeout or too_many_requests.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        try:
            await self._collect(request, parts)
            size = sum(map(len, parts))
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()  # or the body would be in memory twice
            yield body
        finally:
            self._held -= size or sum(map(len, parts))

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count that many further bytes as held, too, while the block runs.

        Raises Problem too_many_requests.
        """
        self._held += size
        try:
            self._check()
            yield
        finally:
            self._held -= size

    def _check(self) -> None:
        if self._held > self._limits.max_inflight_bytes:
            detail = "Too many bytes are in flight; send the request again."
            raise Problem("too_many_requests", detail, retry_after=1)

    async def _collect(self, request: Request, parts: list[bytes]) -> None:
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                async for chunk in request.chunks():
                    parts.append(chunk)
                    size += len(chunk)
                    self._held += len(chunk)
                    if size > self._limits.max_body_bytes:
                        raise self._too_large()
                    self._check()
        except TimeoutError:
            detail = f"The body did not arrive within {self._limits.body_timeout:g} s."
            raise Problem("request_timeout", detail) from None

    def _too_large(self) -> Problem:
        limit = self._limits.max_body_bytes
        return Problem("body_too_large", f"A body may have {limit} bytes.", limit=limit)
