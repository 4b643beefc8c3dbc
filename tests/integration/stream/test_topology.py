"""Streams and consumers are created once and brought up to date; the server syncs always."""

import asyncio

import httpx2
import msgspec
import nats
from nats.js import api

from infra.local.servers import Servers
from shared.settings import MIB, Settings
from shared.stream.topology import EVENTS, consumer_name, ensure_topology


def ensure(url: str, chosen: Settings) -> tuple[api.StreamInfo, api.ConsumerInfo]:
    async def twice() -> tuple[api.StreamInfo, api.ConsumerInfo]:
        connection = await nats.connect(url)
        js = connection.jetstream()
        for _ in range(2):
            await ensure_topology(js, chosen)
        found = (
            await js.stream_info(EVENTS),
            await js.consumer_info(EVENTS, consumer_name("tiktok")),
        )
        await connection.close()
        return found

    return asyncio.run(twice())


def test_events_is_durable_and_refuses_when_full(nats_url: str) -> None:
    stream, consumer = ensure(nats_url, Settings())
    assert stream.config.storage == api.StorageType.FILE
    assert stream.config.discard == api.DiscardPolicy.NEW
    assert stream.config.retention == api.RetentionPolicy.LIMITS
    assert stream.config.max_bytes == Settings().stream_max_bytes
    assert not stream.config.max_age
    assert consumer.config.ack_policy == api.AckPolicy.EXPLICIT
    assert consumer.config.max_deliver == -1
    assert consumer.config.filter_subject == "events.tiktok"


def test_changed_settings_reach_what_exists(nats_url: str) -> None:
    ensure(nats_url, Settings())
    changed = msgspec.structs.replace(
        Settings(), stream_max_bytes=64 * MIB, ack_wait=7, max_ack_pending=33
    )
    stream, consumer = ensure(nats_url, changed)
    assert stream.config.max_bytes == 64 * MIB
    assert consumer.config.ack_wait == 7
    assert consumer.config.max_ack_pending == 33


def test_the_embedded_server_syncs_before_it_acknowledges(servers: Servers) -> None:
    details = servers.nats.server.monitor
    config = httpx2.get(f"{details}/varz").json()["jetstream"]["config"]
    assert config["sync_always"] is True
