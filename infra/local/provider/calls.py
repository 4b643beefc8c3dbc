"""One request to the provider API: what it asks, and how it is answered."""

import asyncio
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from infra.local.provider.status import NAMESPACE
from shared.errors import Problem
from shared.http.exchange import Exchange
from shared.settings import settings

_JSON = [(b"content-type", b"application/json")]

_Document = TypeVar("_Document")


class Call:
    """The parts of a request's path below `/system`, its query, its body."""

    def __init__(self, exchange: Exchange) -> None:
        split = urlsplit(exchange.target.decode("latin-1"))
        self.exchange = exchange
        self.area, _, name = split.path.removeprefix("/system/").partition("/")
        self.name = unquote(name)
        self.query = dict(parse_qsl(split.query, keep_blank_values=True))

    async def document(self, kind: type[_Document], limit: int) -> _Document:
        """Return the body, JSON of at most `limit` bytes. Raises Problem."""
        body = await read_body(self.exchange, limit)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError as error:
            raise Problem("invalid_parameter", str(error)) from error
        except msgspec.DecodeError as error:
            raise Problem("invalid_json", str(error)) from error

    def answer(self, document: object) -> None:
        """Answer with JSON."""
        self.exchange.respond(HTTPStatus.OK, _JSON, msgspec.json.encode(document))

    def accept(self) -> None:
        """Say that a change is made, in the one status that faas-cli takes for every change."""
        self.exchange.respond(HTTPStatus.ACCEPTED, [])


async def read_body(exchange: Exchange, limit: int) -> bytes:
    """Return a request's body. Raises Problem if it is larger than `limit` bytes or too slow."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings().body_timeout):
            async for chunk in exchange.chunks():
                size += len(chunk)
                if size > limit:
                    raise Problem("body_too_large", f"The body may have {limit} bytes.")
                parts.append(chunk)
    except TimeoutError:
        raise Problem("request_timeout", "The body did not arrive in time.") from None
    return b"".join(parts)


def check_namespace(given: str) -> None:
    """Accept the one namespace that there is, or none. Raises Problem invalid_parameter."""
    if given not in {"", NAMESPACE}:
        raise Problem("invalid_parameter", f"The only namespace is {NAMESPACE}.")
