"""Looks into the streams of a test's broker."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import stamina
from nats.js import JetStreamContext, api

from shared.stream.address import connect
from shared.stream.encoding import decode
from shared.stream.packing import Origin, Pack, join
from shared.stream.topology import consumer_name

T = TypeVar("T")


def with_jetstream(url: str, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    """Run `work` with a connection of its own."""

    async def connected() -> T:
        connection = await connect(url)
        try:
            return await work(connection.jetstream())
        finally:
            await connection.close()

    return asyncio.run(connected())


def messages(url: str, stream: str = "EVENTS") -> list[api.RawStreamMsg]:
    """Return all messages of a stream, oldest first."""

    async def read(js: JetStreamContext) -> list[api.RawStreamMsg]:
        state = (await js.stream_info(stream)).state
        return [
            await js.get_msg(stream, sequence)
            for sequence in range(max(1, state.first_seq), state.last_seq + 1)
        ]

    return with_jetstream(url, read)


def events(url: str) -> list[dict[str, Any]]:
    """Return all events of EVENTS, in the order of their messages."""
    return [event for message in messages(url) for event in json.loads(payload(message))]


def payload(message: api.RawStreamMsg) -> bytes:
    """Return the JSON array of a packed message."""
    return decode(message.data or b"", message.headers or {})


def publish(url: str, source: str, packs: Sequence[Sequence[object]]) -> None:
    """Publish one packed message for each sequence of events."""

    async def send(js: JetStreamContext) -> None:
        for pack in packs:
            raw = join([json.dumps(event).encode() for event in pack])
            origin = Origin(f"test-{uuid.uuid4().hex}", datetime.now(UTC))
            message = Pack(source, raw, [(origin, len(pack))])
            content, headers = message.message()
            await js.publish(message.subject, content, headers=headers)

    with_jetstream(url, send)


def unprocessed(url: str, source: str) -> int:
    """Return how many of a source's messages are not acknowledged yet."""

    async def count(js: JetStreamContext) -> int:
        info = await js.consumer_info("EVENTS", consumer_name(source))
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    return with_jetstream(url, count)


def wait_until_processed(url: str, *sources: str, timeout: float = 30) -> None:
    """Return when every message of the sources is acknowledged."""
    for attempt in stamina.retry_context(
        on=AssertionError, attempts=None, timeout=timeout, wait_initial=0.02, wait_max=0.2
    ):
        with attempt:
            for source in sources:
                assert unprocessed(url, source) == 0
