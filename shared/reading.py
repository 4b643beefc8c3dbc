"""Reads request bodies within bounds of size, time and the memory of the process."""

import asyncio

from shared.errors import Problem
from shared.requests import Request
from shared.settings import Settings


class BodyReader:
    """Holds at most `max_inflight_bytes` of bodies at any time, over all requests."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._held = 0

    def read(self, request: Request) -> "_Reading":
        """Yield the whole body as sent; its bytes count as held until the block ends.

        Raises Problem body_too_large, request_timeout or too_many_requests.
        """
        return _Reading(self, request)

    def hold(self, size: int) -> "_Hold":
        """Count that many further bytes as held, too, while the block runs.

        Raises Problem too_many_requests.
        """
        return _Hold(self, size)

    def take(self, size: int) -> None:
        """Count bytes as held. Raises Problem too_many_requests; they count all the same."""
        self._held += size
        if self._held > self._limits.max_inflight_bytes:
            detail = "Too many bytes are in flight; send the request again."
            raise Problem("too_many_requests", detail, retry_after=1)

    def release(self, size: int) -> None:
        """Count bytes as held no more."""
        self._held -= size

    async def collect(self, request: Request, parts: list[bytes]) -> None:
        """Append the parts of a body as they come. Raises Problem, as read() does."""
        size = 0
        try:
            async with asyncio.timeout(self._limits.body_timeout):
                async for chunk in request.chunks():
                    parts.append(chunk)
                    size += len(chunk)
                    self.take(len(chunk))
                    self.check(size)
        except TimeoutError:
            detail = f"The body did not arrive within {self._limits.body_timeout:g} s."
            raise Problem("request_timeout", detail) from None

    def check(self, size: int) -> None:
        """Raise Problem body_too_large if a body of that size is."""
        limit = self._limits.max_body_bytes
        if size > limit:
            raise Problem("body_too_large", f"A body may have {limit} bytes.", limit=limit)


class _Hold:
    """Bytes that are held while the block runs."""

    __slots__ = ("_reader", "_size")

    def __init__(self, reader: BodyReader, size: int) -> None:
        self._reader = reader
        self._size = size

    def __enter__(self) -> None:
        try:
            self._reader.take(self._size)
        except Problem:
            self._reader.release(self._size)
            raise

    def __exit__(self, *_: object) -> None:
        self._reader.release(self._size)


class _Reading:
    """A body that is held while the block runs.

    A class, for a generator's context manager costs as much as the rest of reading a small body.
    """

    __slots__ = ("_reader", "_request", "_size")

    def __init__(self, reader: BodyReader, request: Request) -> None:
        self._reader = reader
        self._request = request
        self._size = 0

    async def __aenter__(self) -> bytes:
        reader, request = self._reader, self._request
        declared = request.headers.get("content-length", "")
        if declared.isdecimal():
            reader.check(int(declared))
        body = request.whole()
        parts = [] if body is None else [body]
        try:
            if body is None:
                with request.waiting():
                    await reader.collect(request, parts)
            else:
                reader.take(len(body))
                reader.check(len(body))
        except BaseException:
            reader.release(sum(map(len, parts)))
            raise
        self._size = sum(map(len, parts))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def __aexit__(self, *_: object) -> None:
        self._reader.release(self._size)
