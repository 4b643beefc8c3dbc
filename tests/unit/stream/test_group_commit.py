"""Group commit: who shares a message, and who learns of a failure."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from shared.errors import Problem
from shared.stream.group_commit import CONCURRENT_PUBLICATIONS, GroupCommit
from shared.stream.packing import Origin, Pack

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def origin(number: int) -> Origin:
    return Origin(f"request-{number}", NOW)


class Stream:
    """Takes packs when told to."""

    def __init__(self) -> None:
        self.packs: list[Pack] = []
        self.open = asyncio.Event()

    async def publish(self, pack: Pack) -> None:
        self.packs.append(pack)
        await self.open.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _submit(group: GroupCommit, first: int, last: int) -> list[asyncio.Task[None]]:
    tasks = [
        asyncio.create_task(group.submit(origin(n), [b"%d" % n])) for n in range(first, last + 1)
    ]
    await settle()
    return tasks


def test_newcomers_share_the_next_message() -> None:
    async def scenario() -> None:
        stream = Stream()
        group = GroupCommit("facebook", stream.publish, max_events=500, max_bytes=10_000)
        first = await _submit(group, 1, CONCURRENT_PUBLICATIONS)
        assert [pack.events for pack in stream.packs] == [1] * CONCURRENT_PUBLICATIONS
        later = await _submit(group, 10, 19)
        assert len(stream.packs) == CONCURRENT_PUBLICATIONS
        assert not any(task.done() for task in first + later)
        stream.open.set()
        await asyncio.gather(*first, *later)
        shared = stream.packs[-1]
        assert json.loads(shared.payload) == list(range(10, 20))
        assert [o.correlation_id for o, _ in shared.origins] == [
            f"request-{n}" for n in range(10, 20)
        ]

    asyncio.run(scenario())


def test_callers_that_come_right_back_share_a_message() -> None:
    async def scenario() -> None:
        packs: list[Pack] = []

        async def publish(pack: Pack) -> None:
            packs.append(pack)
            await asyncio.sleep(0)

        group = GroupCommit("facebook", publish, max_events=500, max_bytes=10_000)

        async def caller(number: int) -> None:
            for _ in range(10):
                await group.submit(origin(number), [b"%d" % number])
                for _ in range(number % 3):
                    await asyncio.sleep(0)

        await asyncio.gather(*(caller(number) for number in range(12)))
        assert sum(pack.events for pack in packs) == 120
        assert len(packs) <= 12

    asyncio.run(scenario())


def test_one_after_the_other_does_not_wait() -> None:
    async def scenario() -> None:
        stream = Stream()
        group = GroupCommit("facebook", stream.publish, max_events=500, max_bytes=10_000)
        asyncio.get_running_loop().call_soon(stream.open.set)
        for number in range(10):
            submission = asyncio.create_task(group.submit(origin(number), [b"1"]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(stream.packs) == number + 1
            await submission

    asyncio.run(scenario())


@pytest.mark.parametrize(("max_events", "max_bytes"), [(4, 10_000), (500, 12)])
def test_messages_stay_within_bounds(max_events: int, max_bytes: int) -> None:
    async def scenario() -> None:
        stream = Stream()
        group = GroupCommit("facebook", stream.publish, max_events, max_bytes)
        tasks = await _submit(group, 10, 40)
        stream.open.set()
        await asyncio.gather(*tasks)
        assert sorted(n for pack in stream.packs for n in json.loads(pack.payload)) == list(
            range(10, 41)
        )
        assert all(pack.events <= max_events for pack in stream.packs)
        assert all(len(pack.payload) <= max_bytes for pack in stream.packs)

    asyncio.run(scenario())


def test_a_failure_reaches_exactly_the_requests_of_its_message() -> None:
    async def publish(pack: Pack) -> None:
        if b"13" in pack.payload:
            raise Problem("stream_full", "no room")

    async def scenario() -> None:
        group = GroupCommit("facebook", publish, max_events=1, max_bytes=10_000)
        results = await asyncio.gather(
            *(group.submit(origin(n), [b"%d" % n]) for n in range(10, 20)), return_exceptions=True
        )
        assert [isinstance(result, Problem) for result in results] == [
            n == 13 for n in range(10, 20)
        ]

    asyncio.run(scenario())


def test_a_caller_that_gave_up_does_not_harm_the_others() -> None:
    async def scenario() -> None:
        stream = Stream()
        group = GroupCommit("facebook", stream.publish, max_events=500, max_bytes=10_000)
        tasks = await _submit(group, 1, 9)
        tasks[5].cancel()
        await settle()
        stream.open.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(result is None for result in results) == 8

    asyncio.run(scenario())
