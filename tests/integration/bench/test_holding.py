"""Holding the connector back, on a real stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
import streams
from builders import facebook, tiktok
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

from infra.bench import holding
from infra.bench.holding import HoldError, held
from shared.stream.packing import subject
from shared.stream.topology import EVENTS, consumer_name


@asynccontextmanager
async def stream(url: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(url)
    yield client.jetstream()
    await client.close()


async def delivered(js: JetStreamContext, source: str, seconds: float) -> bool:
    consumer = await js.pull_subscribe_bind(consumer_name(source), EVENTS)
    try:
        [message] = await consumer.fetch(1, timeout=seconds)
    except NatsTimeoutError:
        return False
    await message.nak()
    return True


@pytest.fixture
def filled(nats_url: str) -> str:
    streams.publish(nats_url, "facebook", [[facebook()]])
    streams.publish(nats_url, "tiktok", [[tiktok()]])
    return nats_url


@pytest.mark.parametrize("source", ["facebook", "tiktok"])
def test_nothing_is_delivered_meanwhile(filled: str, source: str) -> None:
    async def scenario() -> tuple[bool, bool, bool]:
        async with stream(filled) as js:
            before = await delivered(js, source, 5)
            async with held(filled):
                during = await delivered(js, source, 0.5)
                await js.publish(subject(source), b"[]")
            return before, during, await delivered(js, source, 5)

    assert asyncio.run(scenario()) == (True, False, True)


def test_a_failure_releases(filled: str) -> None:
    async def scenario() -> bool:
        async with stream(filled) as js:
            with pytest.raises(KeyError):
                async with held(filled):
                    raise KeyError
            return await delivered(js, "facebook", 5)

    assert asyncio.run(scenario())


def test_a_hold_outlasts_a_single_pause(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "LASTING", 1.0)
    monkeypatch.setattr(holding, "_RENEWAL", 0.2)

    async def scenario() -> bool:
        async with stream(filled) as js, held(filled):
            return await delivered(js, "facebook", 2)

    assert not asyncio.run(scenario())


def test_a_pause_ends_when_its_holder_is_gone(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "LASTING", 1.0)

    async def scenario() -> tuple[bool, bool]:
        client = await nats.connect(filled)
        await holding._pause(client)
        await client.close()
        async with stream(filled) as js:
            return await delivered(js, "facebook", 0.3), await delivered(js, "facebook", 5)

    assert asyncio.run(scenario()) == (False, True)


def test_without_the_stream_it_says_so(nats_url: str) -> None:
    async def scenario() -> None:
        async with stream(nats_url) as js:
            await js.delete_stream(EVENTS)
        async with held(nats_url):
            pass

    with pytest.raises(HoldError, match="consumer of facebook"):
        asyncio.run(scenario())


def test_without_the_server_it_says_so() -> None:
    async def scenario() -> None:
        async with held("nats://127.0.0.1:1"):
            pass

    with pytest.raises(HoldError, match="away"):
        asyncio.run(scenario())
