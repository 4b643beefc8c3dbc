"""Holds the connector back, so that events are accepted and not yet processed.

The stream's consumers are paused. The server ends each pause by itself after a moment unless it
is asked for again, so that one whose holder is killed ends too. Requests and answers:
JSApiConsumerPauseRequest and JSApiConsumerPauseResponse in nats-server's jetstream_api.go.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError

from infra.bench.meanwhile import meanwhile
from shared.events.model import SOURCES
from shared.stream.address import connect
from shared.stream.topology import EVENTS, consumer_name

LASTING: Final = 10.0
"""Seconds that a pause outlives its holder."""

_RENEWAL: Final = LASTING / 4
_TIMEOUT: Final = 5.0


class HoldError(Exception):
    """The stream's consumers could not be paused or released."""


class _Error(msgspec.Struct):
    description: str = ""


class _Answer(msgspec.Struct):
    paused: bool = False
    error: _Error | None = None


@asynccontextmanager
async def held(nats_url: str) -> AsyncIterator[None]:
    """Deliver nothing to the connector while the block runs. Raises HoldError."""
    try:
        client = await connect(nats_url, connect_timeout=2, max_reconnect_attempts=5)
    except (NatsError, OSError) as error:
        raise HoldError(f"the stream's server is away: {error}") from error
    try:
        await _pause(client)
        async with meanwhile(_renew(client)):
            yield
    finally:
        try:
            await _release(client)
        finally:
            await client.close()


async def _renew(client: Client) -> None:
    while True:
        await asyncio.sleep(_RENEWAL)
        await _pause(client)


async def _pause(client: Client) -> None:
    until = datetime.now(UTC) + timedelta(seconds=LASTING)
    await _ask(client, msgspec.json.encode({"pause_until": until}), paused=True)


async def _release(client: Client) -> None:
    await _ask(client, b"{}", paused=False)


async def _ask(client: Client, request: bytes, *, paused: bool) -> None:
    for source in SOURCES:
        subject = f"$JS.API.CONSUMER.PAUSE.{EVENTS}.{consumer_name(source)}"
        try:
            reply = await client.request(subject, request, timeout=_TIMEOUT)
        except NatsError as error:
            raise HoldError(f"no answer about the consumer of {source}: {error}") from error
        answer = msgspec.json.decode(reply.data, type=_Answer)
        if answer.error is not None or answer.paused is not paused:
            reason = answer.error.description if answer.error else "it did not do so"
            raise HoldError(f"the consumer of {source}: {reason}")
