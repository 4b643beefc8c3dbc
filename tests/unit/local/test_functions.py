"""What the gateway makes of what the supervisor tells it, over a real channel."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from infra.local.control import (
    Answered,
    Channel,
    Deployed,
    Removed,
    Replica,
    Snapshot,
    Started,
    Stop,
    ToSupervisor,
    Want,
)
from infra.local.deployment import Deployment
from infra.local.functions import Functions
from infra.local.specs import spec_of
from infra.local.upstreams import Upstreams

ONE = spec_of(Deployment(service="one", env_process="true"))


@asynccontextmanager
async def told() -> AsyncIterator[tuple[Channel, Functions, list[Answered]]]:
    """Yield the supervisor's end, what follows it, and the answers that came."""
    ours, theirs = [await Channel.over(end) for end in socket.socketpair()]
    answers: list[Answered] = []
    upstreams = Upstreams(keep=1)
    functions = Functions(theirs, upstreams, answers.append)
    following = asyncio.create_task(functions.follow())
    yield ours, functions, answers
    ours.close()
    await following
    upstreams.close()
    theirs.close()


async def asked(channel: Channel) -> ToSupervisor:
    """Return the next message that is no Want."""
    async for line in channel.lines():
        message = msgspec.json.decode(line, type=ToSupervisor)
        if not isinstance(message, Want):
            return message  # type: ignore[no-any-return]  # the union is msgspec's own
    raise AssertionError


def test_a_replica_of_a_function_that_is_gone_is_stopped() -> None:
    """It was left by a gateway that died while the function was removed."""

    async def main() -> None:
        async with told() as (supervisor, functions, _):
            supervisor.send(Deployed(ONE))
            supervisor.send(Snapshot([Replica("gone-1", "gone", 1, 1)]))
            assert await asked(supervisor) == Stop("gone-1")
            assert functions.informed.is_set()
            supervisor.send(Started(Replica("gone-2", "gone", 1, 1)))
            assert await asked(supervisor) == Stop("gone-2")

    asyncio.run(main())


def test_routes_follow_what_is_deployed_and_removed() -> None:
    async def main() -> None:
        async with told() as (supervisor, functions, answers):
            supervisor.send(Deployed(ONE))
            supervisor.send(Snapshot([Replica("one-1", "one", 1, 1)]))
            await functions.informed.wait()
            assert functions.routes.find(b"/function/one.openfaas-fn/x?y") == ("one", b"/x?y")
            supervisor.send(Answered(1))
            supervisor.send(Removed("one"))
            assert await asked(supervisor) == Stop("one-1")
            assert answers == [Answered(1)]
            assert functions.pools == {}

    asyncio.run(main())
