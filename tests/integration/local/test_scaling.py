"""From zero to N and back, with requests at the worst moments, and what the metrics say."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import aiohttp
import pytest
from integration.local.stacks import Stack, function
from prometheus_client.parser import text_string_to_metric_families

from infra.local import daemon


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(
        function("quick", idle="200ms"),
        function("steady", idle="5m"),
        function("kept", minimum="1"),
        function("waking"),
    )


async def call(session: aiohttp.ClientSession, stack: Stack, path: str) -> tuple[int, int]:
    """Return the status of an answer and the process id of the replica that gave it."""
    async with session.get(f"{stack.url}/function/{path}") as answer:
        document = await answer.json(content_type=None)
        return answer.status, document.get("pid", 0)


async def calls(stack: Stack, path: str, number: int) -> list[tuple[int, int]]:
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(call(session, stack, path) for _ in range(number)))


def counters(stack: Stack) -> dict[tuple[str, str], float]:
    """Return what has been counted; what is of one process ends with it."""

    async def scrape() -> str:
        url = f"{stack.url}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    return {
        (sample.name, str(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(asyncio.run(scrape()))
        for sample in family.samples
        if family.type in {"counter", "histogram"} and "process" not in sample.labels
    }


def test_a_crowd_wakes_a_function_up_to_its_maximum(stack: Stack) -> None:
    answers = asyncio.run(calls(stack, "waking?sleep=0.3", 20))
    assert {status for status, _ in answers} == {200}
    assert stack.function("waking")["replicas"] == 2


def test_busy_replicas_share_the_requests(stack: Stack) -> None:
    asyncio.run(calls(stack, "steady?sleep=0.5", 8))
    asyncio.run(calls(stack, "steady?sleep=0.1", 2))
    answers = asyncio.run(calls(stack, "steady?sleep=0.3", 8))
    assert sorted(Counter(pid for _, pid in answers).values()) == [4, 4]


def test_an_idle_function_goes_to_zero_and_comes_back(stack: Stack) -> None:
    assert asyncio.run(calls(stack, "quick", 1))[0][0] == 200
    stack.wait(lambda: stack.function("quick")["replicas"] == 0)
    stack.wait(lambda: stack.replicas("quick") == [])
    assert asyncio.run(calls(stack, "quick", 1))[0][0] == 200


def test_no_request_is_lost_to_a_scale_down(stack: Stack) -> None:
    """Requests come about when the replica is being retired."""

    async def tease(seed: int) -> list[int]:
        moments = random.Random(seed)
        statuses = []
        async with aiohttp.ClientSession() as session:
            for _ in range(12):
                statuses.append((await call(session, stack, "quick"))[0])
                await asyncio.sleep(moments.uniform(0.15, 0.35))
        return statuses

    async def together() -> list[list[int]]:
        return await asyncio.gather(*(tease(seed) for seed in range(2)))

    started = stack.function("quick")
    statuses = [status for each in asyncio.run(together()) for status in each]
    assert statuses == [200] * 24
    assert started["restarts"] == stack.function("quick")["restarts"] == 0


def test_the_minimum_comes_back_after_a_kill(stack: Stack) -> None:
    (first,) = stack.replicas("kept")
    os.kill(first, signal.SIGKILL)
    stack.wait(lambda: stack.replicas("kept") not in ([], [first]))
    assert asyncio.run(calls(stack, "kept", 1))[0][0] == 200
    assert stack.function("kept")["restarts"] == 1
    assert stack.function("kept")["lastExit"].startswith("SIGKILL")


def test_no_counter_goes_backwards(stack: Stack) -> None:
    before: dict[tuple[str, str], float] = {}
    for number in range(6):
        asyncio.run(calls(stack, "steady", 3))
        if number % 2:
            os.kill(stack.replicas("steady")[0], signal.SIGKILL)
        if number == 3:
            os.kill(stack.processes()["gateway"]["pid"], signal.SIGKILL)
        now = counters(stack)
        assert {key: value for key, value in before.items() if now.get(key, -1) < value} == {}
        before = now
    assert before["echo_requests_total", "[]"] >= 18


def test_a_gateway_that_is_killed_costs_no_new_request_and_no_replica(stack: Stack) -> None:
    ((_, replica),) = asyncio.run(calls(stack, "kept", 1))
    restarts = stack.processes()["gateway"]["restarts"]
    os.kill(stack.processes()["gateway"]["pid"], signal.SIGKILL)
    answers = []
    deadline = time.monotonic() + 20
    while stack.processes()["gateway"]["restarts"] == restarts and time.monotonic() < deadline:
        try:
            answers += asyncio.run(calls(stack, "kept", 1))
        except aiohttp.ClientOSError:
            # The connection was one of the killed process.
            continue
    answers += asyncio.run(calls(stack, "kept", 5))
    assert set(answers) == {(200, replica)}
    stack.wait(lambda: stack.status()["state"] == "running")


def test_counters_go_on_where_they_were_after_down_and_up(stack: Stack) -> None:
    before = counters(stack)
    daemon.stop(stack.state)
    daemon.start(stack.options, lambda _: None)
    asyncio.run(calls(stack, "steady", 1))
    now = counters(stack)
    assert {key: value for key, value in before.items() if now.get(key, -1) < value} == {}
    assert now["echo_requests_total", "[]"] > before["echo_requests_total", "[]"]
    running = {each["pid"] for each in stack.status()["processes"]}
    files = {int(path.stem.rpartition("_")[2]) for path in stack.state.metrics.glob("*.db")}
    assert files <= running
