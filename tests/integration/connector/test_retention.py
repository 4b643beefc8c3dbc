"""Retention removes processed messages only, and keeps a full stream from standing still."""

import asyncio
import os

import streams
from nats.js import JetStreamContext
from processes import StartServed
from scripted import ScriptedFunction

from infra.connector.retention import RetentionKeeper, bytes_to_keep
from shared.settings import GIB, Settings
from shared.stream.connection import Broker


def sequences(url: str) -> tuple[int, int]:
    async def read(js: JetStreamContext) -> tuple[int, int]:
        state = (await js.stream_info("EVENTS")).state
        return state.first_seq, state.last_seq

    return streams.with_jetstream(url, read)


def stored_bytes(url: str) -> int:
    async def read(js: JetStreamContext) -> int:
        return (await js.stream_info("EVENTS")).state.bytes

    return streams.with_jetstream(url, read)


def apply(url: str, keep_bytes: int) -> None:
    async def once() -> None:
        broker = Broker(url, "test")
        broker.start()
        await broker.available(patience=None)
        await RetentionKeeper(broker, keep_bytes).remove_processed()
        await broker.close()

    asyncio.run(once())


def test_what_is_unprocessed_stays(nats_url: str) -> None:
    streams.publish(nats_url, "facebook", [["x" * 1000]] * 3)
    apply(nats_url, keep_bytes=0)
    assert sequences(nats_url)[0] == 1


def test_what_is_processed_goes_though_the_other_source_is_silent(
    nats_url: str, function: ScriptedFunction, start_connector: StartServed
) -> None:
    packs: list[list[object]] = [[f"{number}" * 500] for number in range(10)]
    with start_connector():
        streams.publish(nats_url, "facebook", packs)
        streams.wait_until_processed(nats_url, "facebook")
    streams.publish(nats_url, "facebook", [["new"]])
    assert len(function.received()) == 10
    apply(nats_url, keep_bytes=0)
    assert sequences(nats_url) == (11, 11)


def test_bytes_to_keep_are_kept(
    nats_url: str, function: ScriptedFunction, start_connector: StartServed
) -> None:
    packs: list[list[object]] = [[os.urandom(3000).hex()] for _ in range(20)]
    with start_connector():
        streams.publish(nats_url, "tiktok", packs)
        streams.wait_until_processed(nats_url, "tiktok")
    assert len(function.received()) == 20
    apply(nats_url, keep_bytes=45_000)
    first, last = sequences(nats_url)
    kept = last - first + 1
    size = stored_bytes(nats_url)
    assert size >= 45_000 > size - size // kept


def test_what_is_kept_never_makes_ingest_refuse() -> None:
    chosen = Settings(stream_max_bytes=GIB, stream_low_watermark=0.5, stream_keep_bytes=8 * GIB)
    assert 0 < bytes_to_keep(chosen) < GIB / 2
    assert bytes_to_keep(Settings(stream_keep_bytes=GIB)) == GIB
