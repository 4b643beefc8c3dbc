"""Deadlines: what takes too long ends, and nothing else does."""

import asyncio
import time

import pytest

from infra.local.deadlines import Deadline, Deadlines

SECONDS = 0.05


async def bounded(deadlines: Deadlines, event: asyncio.Event) -> float:
    begun = time.monotonic()
    try:
        with Deadline(deadlines):
            await event.wait()
    except TimeoutError:
        return time.monotonic() - begun
    return 0.0


def test_each_block_has_its_own_time_and_those_that_end_before_go_on() -> None:
    async def test() -> None:
        deadlines, done, never = Deadlines(SECONDS), asyncio.Event(), asyncio.Event()
        tasks = []
        for index in range(6):
            tasks.append(asyncio.create_task(bounded(deadlines, (never, done)[index % 2])))
            await asyncio.sleep(SECONDS / 10)
        done.set()
        for late in await asyncio.gather(*tasks[::2]):
            assert SECONDS * 0.99 <= late < SECONDS * 10
        assert await asyncio.gather(*tasks[1::2]) == [0.0] * 3
        assert SECONDS * 0.99 <= await bounded(deadlines, never) < SECONDS * 10

    asyncio.run(test())


def test_a_cancellation_stays_one() -> None:
    async def test() -> None:
        task = asyncio.create_task(bounded(Deadlines(60), asyncio.Event()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(test())


def test_a_cancellation_at_the_deadline_stays_one() -> None:
    async def block(deadline: Deadline) -> None:
        with deadline:
            await asyncio.Event().wait()

    async def test() -> None:
        deadline = Deadline(Deadlines(60))
        task = asyncio.create_task(block(deadline))
        await asyncio.sleep(0)
        deadline.expire()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(test())


def test_an_error_at_the_deadline_stays_that_error() -> None:
    async def block(deadline: Deadline) -> None:
        with deadline:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise KeyError from None

    async def test() -> None:
        deadline = Deadline(Deadlines(SECONDS))
        with pytest.raises(KeyError):
            await block(deadline)

    asyncio.run(test())


def test_what_ended_in_time_is_left_alone() -> None:
    async def test() -> None:
        with Deadline(Deadlines(SECONDS)):
            await asyncio.sleep(0)
        await asyncio.sleep(SECONDS * 2)

    asyncio.run(test())
