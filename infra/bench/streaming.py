"""Packed messages through a stream of the benchmark's own."""

import asyncio
from collections.abc import Iterator, Sequence

from infra.bench.meters import Meter
from infra.bench.scratch import SUBJECT
from shared.batch import StoredMessage
from shared.settings import settings
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher

_IN_FLIGHT = 8
_FETCH = 64
_TIMEOUT = 10.0


async def publish(
    meter: Meter,
    broker: Broker,
    messages: Sequence[StoredMessage],
    server: int | None,
    *,
    bare: bool = False,
) -> None:
    """Publish messages as webhook-ingest does, several at a time; `bare` ones have no headers.

    Raises Problem.
    """
    chosen = settings()
    publisher = Publisher(broker, chosen.publish_timeout, chosen.publish_patience)
    queue = iter(messages)
    with meter.stage("ingest: publish", server):
        async with asyncio.TaskGroup() as group:
            for _ in range(_IN_FLIGHT):
                group.create_task(_drain(publisher, queue, bare=bare))


async def _drain(publisher: Publisher, queue: Iterator[StoredMessage], *, bare: bool) -> None:
    for message in queue:
        await publisher.send(SUBJECT, message.content, {} if bare else message.headers)


async def pull(meter: Meter, broker: Broker, messages: int, server: int | None) -> None:
    """Receive and acknowledge so many messages through the client library's pull consumer.

    Raises nats.errors.Error.
    """
    subscription = await broker.jetstream.pull_subscribe(SUBJECT, durable="bench")
    received = 0
    with meter.stage("connector: pull, acknowledge", server):
        while received < messages:
            found = await subscription.fetch(min(_FETCH, messages - received), timeout=_TIMEOUT)
            for message in found:
                await message.ack()
            received += len(found)
    await subscription.unsubscribe()
