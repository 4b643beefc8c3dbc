"""Who gets a request, and when a replica may be stopped; the supervisor is a list of messages."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest

from infra.local.control import Replica, Start, Stop, ToSupervisor
from infra.local.deployment import Deployment
from infra.local.pool import Pool
from infra.local.specs import FunctionSpec
from shared.errors import Problem


class Asked(list[ToSupervisor]):
    """What the pool asked of the supervisor."""

    def starts(self) -> int:
        return sum(isinstance(message, Start) for message in self)

    def stops(self) -> list[str]:
        return [message.replica for message in self if isinstance(message, Stop)]


def pool(asked: Asked, idle: float = 60, minimum: int = 0) -> Pool:
    return Pool(spec(idle, minimum), asked.append)


def spec(idle: float = 60, minimum: int = 0, generation: int = 0) -> FunctionSpec:
    return FunctionSpec(
        name="one",
        argv=("true",),
        environment={},
        secrets=(),
        minimum=minimum,
        maximum=3,
        target=2,
        idle=idle,
        timeout=60,
        max_inflight=8,
        deployment=Deployment(service="one"),
        generation=generation,
    )


def replica(number: int, generation: int = 0) -> Replica:
    return Replica(f"one-{number}", "one", 1000 + number, number, generation)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await test()

    asyncio.run(main())


def test_the_first_request_wakes_one_replica_and_gets_it() -> None:
    async def test() -> None:
        asked = Asked()
        one = pool(asked)
        with one.admitted():
            waiting = asyncio.create_task(one.pick())
            await asyncio.sleep(0)
            assert asked.starts() == 1
            started = one.started(replica(1))
            assert await waiting is started
        assert asked.starts() == 1

    run(test)


def test_more_requests_than_the_target_ask_for_more_replicas_up_to_the_maximum() -> None:
    asked = Asked()
    one = pool(asked)
    admissions = [one.admitted() for _ in range(8)]
    seen = []
    for admission in admissions:
        admission.__enter__()
        seen.append(asked.starts())
    assert seen == [1, 1, 2, 2, 3, 3, 3, 3]
    with pytest.raises(Problem, match="8 requests in flight"):
        one.admitted().__enter__()
    for admission in admissions:
        admission.__exit__(None, None, None)
    assert one.in_flight == 0


def test_a_ready_replica_goes_before_one_that_starts_and_the_least_loaded_first() -> None:
    async def test() -> None:
        one = pool(Asked())
        with ExitStack() as busy:
            for _ in range(5):
                busy.enter_context(one.admitted())
            first, second, starting = (one.started(replica(number)) for number in (1, 2, 3))
            one.ready(first)
            one.ready(second)
            for _ in range(4):
                busy.enter_context(one.using(await one.pick()))
            assert [each.in_flight for each in (first, second, starting)] == [2, 2, 0]

    run(test)


def test_an_idle_replica_is_stopped_once_its_last_request_is_answered() -> None:
    async def test() -> None:
        asked = Asked()
        one = pool(asked, idle=0)
        backend = one.started(replica(1))
        with one.using(backend):
            one.scale()
            assert asked.stops() == []
            with one.admitted():
                waiting = asyncio.create_task(one.pick())
                await asyncio.sleep(0)
                successor = one.started(replica(2))
                assert await waiting is successor
        assert asked.stops() == ["one-1"]

    run(test)


def test_a_function_that_cannot_start_is_unavailable_until_its_next_attempt() -> None:
    async def test() -> None:
        one = pool(Asked())
        with one.admitted():
            waiting = asyncio.create_task(one.pick())
            await asyncio.sleep(0)
            one.refused(9, "exit code 1")
            with pytest.raises(Problem, match="ended with exit code 1") as raised:
                await waiting
        assert raised.value.retry_after == pytest.approx(9, abs=1)

    run(test)


def test_a_request_waits_through_a_short_pause() -> None:
    async def test() -> None:
        asked = Asked()
        one = pool(asked)
        with one.admitted():
            waiting = asyncio.create_task(one.pick())
            await asyncio.sleep(0)
            one.refused(0.01, "SIGKILL")
            async with asyncio.timeout(20):
                while asked.starts() < 2:  # noqa: ASYNC110 - the pool has no event for it
                    await asyncio.sleep(0.001)
            started = one.started(replica(2))
            assert await waiting is started

    run(test)


def test_what_is_lost_is_replaced_to_the_minimum() -> None:
    asked = Asked()
    one = pool(asked, minimum=1)
    one.adopt(replica(1))
    one.scale()
    assert asked.starts() == 0
    one.lost("one-1")
    assert asked.starts() == 1


def test_an_update_keeps_the_former_until_a_replica_of_the_new_has_answered() -> None:
    async def test() -> None:
        asked = Asked()
        one = pool(asked, minimum=1)
        one.adopt(replica(1))
        with one.admitted():
            former = await one.pick()
            with one.using(former):
                one.update(spec(minimum=1, generation=1))
                assert asked.starts() == 1
                new = one.started(replica(2, 1))
                assert await one.pick() is former
                one.ready(new)
                assert await one.pick() is new
                assert asked.stops() == []
            assert asked.stops() == ["one-1"]

    run(test)


def test_a_gateway_that_is_new_tells_deployments_apart() -> None:
    asked = Asked()
    one = Pool(spec(generation=2), asked.append)
    one.adopt(replica(1, 1))
    one.scale()
    assert asked.starts() == 1
    one.ready(one.started(replica(2, 2)))
    assert asked.stops() == ["one-1"]


def test_an_idle_function_that_is_updated_starts_nothing() -> None:
    asked = Asked()
    one = pool(asked)
    one.update(spec(generation=1))
    assert asked.starts() == 0


def test_removal_lets_go_of_who_waits_and_of_replicas_that_have_answered() -> None:
    async def test() -> None:
        asked = Asked()
        one, other = pool(asked), pool(asked)
        one.adopt(replica(1))
        with one.admitted():
            backend = await one.pick()
            with one.using(backend):
                one.close()
                assert asked.stops() == []
            assert asked.stops() == ["one-1"]
        with other.admitted():
            waiting = asyncio.create_task(other.pick())
            await asyncio.sleep(0)
            other.close()
            async with asyncio.timeout(2):
                with pytest.raises(Problem, match="removed"):
                    await waiting

    run(test)
