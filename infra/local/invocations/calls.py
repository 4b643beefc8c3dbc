"""Invokes functions with what was queued, and queues their answers for whoever wants them."""

import time
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp
import msgspec
from nats.aio.msg import Msg
from yarl import URL

from infra.local.invocations.attempts import next_attempt
from infra.local.invocations.messages import BODY_LIMIT, RESULTS, QueuedCall, QueuedResult
from infra.local.invocations.metrics import INVOCATIONS
from shared.errors import Problem
from shared.settings import KIB
from shared.stream.packing import MESSAGE_ID
from shared.stream.publishing import Publisher

# The gateway ends a function that takes too long; this is for a gateway that does not.
_TIMEOUT = aiohttp.ClientTimeout(total=3600, sock_connect=10)
_AUTOMATIC = ("User-Agent", "Content-Type", "Accept", "Accept-Encoding")
_CHUNK = 64 * KIB

# RFC 9110, 7.6.1, and what each message says of itself anew
_OWN = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers, by lower-case name, without those of one connection or message."""
    lower = {name.lower(): value for name, value in headers.items()}
    named = {name.strip().lower() for name in lower.get("connection", "").split(",")}
    return {name: value for name, value in lower.items() if name not in _OWN | named}


class Calls:
    """Works on the messages of CALLS; `functions_url` is the base URL of all functions."""

    def __init__(
        self, session: aiohttp.ClientSession, publisher: Publisher, functions_url: str
    ) -> None:
        self._session = session
        self._publisher = publisher
        self._functions_url = functions_url.rstrip("/")

    async def handle(self, message: Msg) -> float | None:
        """Invoke the function; see deliveries.Handle. Raises Problem while the stream is away."""
        call = msgspec.msgpack.decode(message.data, type=QueuedCall)
        started = time.monotonic()
        status, headers, body = await self._invoke(call)
        delay = next_attempt(message, status, headers)
        if delay is not None:
            INVOCATIONS.labels(call.function, "retried").inc()
            return delay
        seconds = time.monotonic() - started
        if call.callback:
            result = QueuedResult(
                call.id, call.function, status, seconds, passed_on(headers), body, call.callback
            )
            identity = {MESSAGE_ID: f"result:{message.metadata.sequence.stream}"}
            encoded = msgspec.msgpack.encode(result)
            await self._publisher.send(f"{RESULTS}.{call.function}", encoded, identity)
        outcome = "given_up" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "answered"
        INVOCATIONS.labels(call.function, outcome).inc()
        return None

    async def _invoke(self, call: QueuedCall) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and body; 503 if nobody answers, as OpenFaaS' worker says."""
        url = URL(f"{self._functions_url}/{call.function}{call.target}", encoded=True)
        try:
            async with self._session.request(
                call.method,
                url,
                data=call.body,
                headers=passed_on(call.headers) | {"x-call-id": call.id},
                allow_redirects=False,
                timeout=_TIMEOUT,
                skip_auto_headers=_AUTOMATIC,
            ) as answer:
                body = await _bounded(answer.content)
                if body is None:
                    problem = Problem("body_too_large", f"The answer is over {BODY_LIMIT} bytes.")
                    return answer.status, problem.headers(), problem.document()
                return answer.status, answer.headers, body
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            problem = Problem("function_unavailable", f"{type(error).__name__}.")
            return problem.kind.status, problem.headers(), problem.document()


async def _bounded(content: aiohttp.StreamReader) -> bytes | None:
    """Return what is read, None if it is over BODY_LIMIT."""
    body = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)
