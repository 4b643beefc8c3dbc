"""What is unprocessed is asked of the stream's leader, which alone knows all that is accepted."""

import asyncio

import nats
from builders import facebook
from nats.aio.msg import Msg
from streams import publish

from infra.connector.watermark import oldest_unprocessed
from shared.stream.connection import Broker

BY_ANY_REPLICA = "$JS.API.DIRECT.GET.>"


def test_no_replica_is_asked_that_may_be_behind(nats_url: str) -> None:
    publish(nats_url, "facebook", [[facebook()], [facebook()]])

    async def look() -> tuple[int | None, list[str]]:
        asked: list[str] = []

        async def note(message: Msg) -> None:
            asked.append(message.subject)

        listener = await nats.connect(nats_url)
        await listener.subscribe(BY_ANY_REPLICA, cb=note)
        await listener.flush()
        broker = Broker(nats_url, "test")
        broker.start()
        await broker.available()
        found = await oldest_unprocessed(broker, "facebook")
        await broker.close()
        await listener.flush()
        await listener.close()
        return found.seq if found else None, asked

    assert asyncio.run(look()) == (1, [])
