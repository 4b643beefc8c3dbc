"""Looks into the streams of a test's broker."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import nats
from nats.js import JetStreamContext, api

T = TypeVar("T")


def with_jetstream(url: str, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
    """Run `work` with a connection of its own."""

    async def connected() -> T:
        connection = await nats.connect(url)
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
    return [event for message in messages(url) for event in json.loads(message.data or b"")]
