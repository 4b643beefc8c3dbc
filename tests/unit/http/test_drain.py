"""How a server ends."""

import asyncio

import pytest
from http_callers import answers, run, served, statuses

from shared.http.exchange import Exchange

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.began = asyncio.Semaphore(0)
        self.go_on = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        self.began.release()
        await self.go_on.wait()
        exchange.respond(200, [])


def test_what_is_under_way_is_answered_and_then_closed() -> None:
    async def scenario() -> None:
        slow = Slow()
        async with served(slow) as serving:
            idle, busy = await serving.connect(), await serving.connect()
            await busy.send(GET + GET)
            await slow.began.acquire()
            draining = asyncio.create_task(serving.server.drain(20))
            assert await idle.rest() == b""
            with pytest.raises(ConnectionRefusedError):
                await serving.connect()
            assert not draining.done()
            slow.go_on.set()
            (first, before, _), (second, last, _) = answers(await busy.rest())
            assert (first, second) == (200, 200)
            assert "connection" not in before
            assert last["connection"] == "close"
            await asyncio.wait_for(draining, 5)

    run(scenario())


def test_what_takes_too_long_is_broken_off() -> None:
    async def scenario() -> None:
        slow = Slow()
        async with served(slow) as serving:
            caller = await serving.connect()
            await caller.send(GET)
            await slow.began.acquire()
            await asyncio.wait_for(serving.server.drain(0.1), 5)
            [end] = await asyncio.gather(caller.rest(), return_exceptions=True)
            assert end == b"" or isinstance(end, ConnectionResetError)

    run(scenario())


def test_a_request_without_a_caller_is_waited_for() -> None:
    async def scenario() -> None:
        slow = Slow()
        async with served(slow) as serving:
            caller = await serving.connect()
            await caller.send(GET)
            await slow.began.acquire()
            caller.close()
            draining = asyncio.create_task(serving.server.drain(20))
            await asyncio.sleep(0.1)
            assert not draining.done()
            slow.go_on.set()
            await asyncio.wait_for(draining, 5)

    run(scenario())


def test_a_connection_that_was_accepted_before_is_still_served() -> None:
    async def quick(exchange: Exchange) -> None:
        exchange.respond(200, [])

    async def scenario() -> None:
        async with served(quick) as serving:
            caller = await serving.connect()
            await caller.send(GET)
            assert b" 200 " in await caller.answer()
            serving.server._connections.leaving = True
            await caller.send(GET)
            assert statuses(await caller.rest()) == [200]

    run(scenario())
