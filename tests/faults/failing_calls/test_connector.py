"""The connector: whichever call failed, all is stored or buried once."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx2
import nats
import psycopg
import streams
from builders import facebook
from failing import broker_calls, database_calls
from loops import Event, chosen, letters, numbers, prove, sale
from nats.js import JetStreamContext
from processes import Served
from records import Servers
from scripted import Answer, Batch, ScriptedFunction

from infra.connector.connector import Connector
from infra.connector.invocation import Target
from infra.connector.pulling import HEARTBEAT
from infra.connector.route import Links, Route
from shared.cloudevents import BATCH_TYPE
from shared.events.model import SOURCES
from shared.settings import Settings
from shared.store.pool import Database
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher
from shared.stream.topology import consumer_name, ensure_topology


@asynccontextmanager
async def linked(settings: Settings) -> AsyncIterator[Links]:
    """Connect what a route needs."""
    broker = Broker(settings.nats_url, "test")
    broker.start()
    client = await broker.available(None)
    database = Database(settings, "test")
    await database.open()
    await database.ping()
    publisher = Publisher(broker, settings.publish_timeout, settings.publish_patience)

    async def topology() -> None:
        await ensure_topology(client.jetstream(), settings)

    async with aiohttp.ClientSession() as session:
        yield Links(broker, publisher, database, session, topology)
    await database.close()
    await broker.close()


async def until_processed(js: JetStreamContext, last: int) -> None:
    """Return when every message up to the sequence is acknowledged.

    That is before a pull which was lost would be missed by its silence.
    """
    deadline = time.monotonic() + 1.8 * HEARTBEAT
    while True:
        floor = (await js.consumer_info("EVENTS", consumer_name("facebook"))).ack_floor
        if floor is not None and floor.stream_seq >= last:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def deliver_all(links: Links, settings: Settings, url: str, last: int) -> None:
    """Run a route until every message up to the sequence is acknowledged."""
    watching = await nats.connect(settings.nats_url)
    route = Route("facebook", Target("fb-consume", url, 10), links, settings)
    delivering = asyncio.create_task(route.run())
    try:
        await until_processed(watching.jetstream(), last)
    finally:
        route.stop()
        await delivering
        await watching.close()


def test_connector_and_the_broker(
    records: Servers, function: ScriptedFunction, collector: Served
) -> None:
    """Each run has an outage, a call that outlasts the deadline, a letter, acknowledgements."""
    good: list[Event] = []
    bad: list[Event] = []

    def script(_call: int, batch: Batch) -> Answer:
        if first.pop("call", None):
            return 500, {}, b""
        time.sleep(0.4)  # so that the deadline is extended
        headers = {"content-type": BATCH_TYPE}
        answer = httpx2.post(collector.url, content=json.dumps(batch), headers=headers, timeout=30)
        return answer.status_code, {}, answer.content

    first: dict[str, bool] = {}
    function.script = script
    settings = chosen(records)

    async def loop() -> int:
        for number, when in numbers():
            events = [sale() for _ in range(6)]
            good.extend(events)
            bad.append(facebook(age=-1))
            packs = [[*events[:3], bad[-1]], events[3:]]
            await asyncio.to_thread(streams.publish, records.nats_url, "facebook", packs)
            first["call"] = True
            last = 2 * len(bad)
            async with linked(settings) as links:
                with broker_calls(number, when, links.broker.client) as calls:
                    await deliver_all(links, settings, function.url, last)
            if not calls.failed:
                break
        return number

    assert asyncio.run(loop()) > 6
    prove(records, good)
    assert letters(records.nats_url) == Counter(event["eventId"] for event in bad)


def test_the_connectors_streams(records: Servers) -> None:
    """What a connector needs is there after its start, whichever call of it failed."""

    async def loop() -> int:
        settings = chosen(records)
        connector = Connector(settings)
        connector._broker.start()
        client = await connector._broker.available(None)
        js = client.jetstream()
        for number, when in numbers():
            for stream in ("EVENTS", "DEADLETTER", "KEYS"):
                await js.delete_stream(stream)
            with broker_calls(number, when, client) as calls:
                await connector._restore_topology()
            names = {str(stream.config.name) for stream in await js.streams_info()}
            assert names == {"EVENTS", "DEADLETTER", "KEYS"}
            assert len(await js.consumers_info("EVENTS")) == len(SOURCES)
            if not calls.failed:
                break
        await connector._broker.close()
        return number

    assert asyncio.run(loop()) > 6


def test_connector_and_the_database(records: Servers, function: ScriptedFunction) -> None:
    """Each run gives a message up, of which the ledger learns."""
    bad: list[Event] = []

    def script(_call: int, batch: Batch) -> Answer:
        failures = [{"itemIdentifier": message["id"]} for message in batch]
        return 200, {}, json.dumps({"batchItemFailures": failures}).encode()

    function.script = script
    settings = chosen(records, max_attempts=1)

    async def loop() -> int:
        for last, (number, when) in enumerate(numbers(), 1):
            events = [sale(), sale()]
            bad.extend(events)
            await asyncio.to_thread(streams.publish, records.nats_url, "facebook", [events])
            async with linked(settings) as links:
                with database_calls(number, when) as calls:
                    await deliver_all(links, settings, function.url, last)
            if not calls.failed:
                break
        return number

    assert asyncio.run(loop()) > 3
    assert letters(records.nats_url) == Counter(event["eventId"] for event in bad)
    [account] = [a for a in records.reconcile()["sources"] if a["source"] == "facebook"]
    assert account["accepted"] == account["deadLettered"] == len(bad)
    with psycopg.connect(records.database_url) as connection:
        [(ledger,)] = connection.execute("select sum(rejected)::int from messages").fetchall()
    assert ledger == len(bad)
