"""Tells callers what became of their invocations, at the URL that they named.

The headers are those of OpenFaaS' queue worker (github.com/openfaas/nats-queue-worker, main.go,
postResult). A URL is http or https, with a host and without credentials; addresses of the own
link, where clouds keep their instances' secrets, are never called, nor are redirects followed.
"""

from ipaddress import ip_address
from socket import AddressFamily
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from nats.aio.msg import Msg

from infra.local.invocations.attempts import next_attempt
from infra.local.invocations.messages import QueuedResult
from infra.local.invocations.metrics import CALLBACKS
from shared.errors import Problem

_LONGEST_URL = 2048
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_NOBODY = 503


def check_callback(url: str) -> None:
    """Accept a callback URL. Raises Problem invalid_parameter."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > _LONGEST_URL or not url.isprintable():
        detail = f"X-Callback-Url has to be an http(s) URL of at most {_LONGEST_URL} characters."
        raise Problem("invalid_parameter", detail)
    if parts.username is not None:
        raise Problem("invalid_parameter", "X-Callback-Url must not hold credentials.")
    if is_link_local(parts.hostname or ""):
        raise Problem("invalid_parameter", "X-Callback-Url must not be of the own link.")


def is_link_local(address: str) -> bool:
    """Say whether a host is an address that no router passes on; a name is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_link_local


class Resolver(AbstractResolver):
    """Resolves names, but not to addresses of the own link."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises OSError if none may be called."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if not is_link_local(each["host"])]
        if not allowed:
            raise OSError(f"{host} has no address that may be called")
        return allowed

    async def close(self) -> None:
        """Do nothing: nothing is held."""


class Callbacks:
    """Works on the messages of RESULTS; `session` resolves names by Resolver."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle(self, message: Msg) -> float | None:
        """Call back with a result; see deliveries.Handle."""
        result = msgspec.msgpack.decode(message.data, type=QueuedResult)
        status, headers = await self._post(result)
        delay = next_attempt(message, status, headers)
        outcome = "delivered" if status < 300 else "given_up"  # noqa: PLR2004 - the class of success
        CALLBACKS.labels(result.function, outcome if delay is None else "retried").inc()
        return delay

    async def _post(self, result: QueuedResult) -> tuple[int, dict[str, str]]:
        headers = {
            **result.headers,
            "X-Call-Id": result.id,
            "X-Function-Name": result.function,
            "X-Function-Status": str(result.status),
            "X-Duration-Seconds": f"{result.seconds:f}",
        }
        try:
            async with self._session.post(
                result.callback,
                data=result.body,
                headers=headers,
                allow_redirects=False,
                timeout=_TIMEOUT,
            ) as answer:
                return answer.status, dict(answer.headers)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return _NOBODY, {}
