"""The publisher's HTTP side: posts bodies and reads reports, over one pool of connections."""

from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp

from infra.publisher.answers import Reply
from infra.publisher.bodies import Body
from infra.publisher.retry import retry_after
from infra.publisher.sender import TransportError


class Client:
    """An async context manager. `gateway` is the base URL, `path` where bodies go (or a URL).

    `headers` go with bodies; of them, reports are asked with `authorization` only.
    """

    def __init__(
        self, gateway: str, path: str, *, timeout: float, headers: dict[str, str] | None = None
    ) -> None:
        self._gateway = gateway.rstrip("/") + "/"
        self._target = urljoin(self._gateway, path)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._headers = headers or {}
        self._credentials = {k: v for k, v in self._headers.items() if k == "authorization"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, auto_decompress=True, trust_env=True
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()

    async def post(self, body: Body) -> Reply:
        """Post a body. Raises TransportError."""
        return await self._call("POST", self._target, body.content, self._headers | body.headers)

    async def get(self, path: str) -> Reply:
        """Get a path of the gateway. Raises TransportError."""
        return await self._call(
            "GET", urljoin(self._gateway, path.lstrip("/")), None, self._credentials
        )

    async def _call(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str]
    ) -> Reply:
        if self._session is None:
            raise RuntimeError("the client is not entered")
        try:
            async with self._session.request(
                method, url, data=content, headers=headers, allow_redirects=False
            ) as response:
                wish = retry_after(response.headers.get("retry-after"))
                return Reply(response.status, await response.read(), wish)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            name = type(error).__name__
            raise TransportError(f"{name}: {error}" if str(error) else name) from error
