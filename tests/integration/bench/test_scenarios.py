"""Whole loads against a real HTTP server."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import msgspec
import pytest
from receiver import Receiver, running

from infra.bench.load import MissingError, Target
from infra.bench.outcome import Outcome
from infra.bench.scenarios import SCENARIOS
from infra.bench.sizes import Sizes

LOADS = ("publisher", "bulk", "single")
SMALL = Sizes(events=600, body_size=100, concurrency=4, seconds=1)
PROGRAM = "import typer; from infra.commands.bench import bench; typer.run(bench)"


def measure(name: str, receiver: Receiver, patience: float = 20, sizes: Sizes = SMALL) -> Outcome:
    async def scenario() -> Outcome:
        async with running(receiver) as url:
            target = Target(
                gateway=url,
                direct=None,
                listing=lambda: {os.getpid(): "here"},
                look_interval=0.02,
                patience=patience,
            )
            return await SCENARIOS[name].run(target, sizes)

    return asyncio.run(scenario())


def value(run: Outcome, key: str) -> float:
    found = run.value(key)
    assert found is not None
    return found


@pytest.mark.parametrize("name", LOADS)
def test_a_load_is_measured_and_proved(name: str) -> None:
    receiver = Receiver()
    run = measure(name, receiver)
    assert run.objections == []
    assert run.details["events"] == len(receiver.events) > 0
    assert run.details["requests"] == len(receiver.bodies)
    assert run.details["bytes"] == sum(map(len, receiver.bodies))
    assert value(run, "acceptedPerSecond") >= value(run, "endToEndPerSecond") > 0
    assert value(run, "freshnessMax") >= value(run, "freshnessP95") > 0
    assert value(run, "answerP99") > 0
    assert list(run.sheet("processes").rows) == ["here"]


def test_bodies_have_the_size_asked_for() -> None:
    receiver = Receiver()
    measure("bulk", receiver, sizes=Sizes(events=550, body_size=100))
    sizes = [len(msgspec.json.decode(body)) for body in receiver.bodies]
    assert sorted(sizes) == [50, 100, 100, 100, 100, 100]


@pytest.mark.parametrize("name", ["bulk", "single"])
def test_a_load_at_a_rate_takes_its_time(name: str) -> None:
    receiver = Receiver()
    run = measure(name, receiver, sizes=Sizes(body_size=10, rate=200, seconds=1))
    assert run.objections == []
    assert 190 <= run.details["events"] <= 210
    assert 0.8 < run.details["acceptSeconds"] < 1.5


def test_the_publisher_sends_at_a_rate_and_as_fast_as_possible() -> None:
    receiver = Receiver()
    slow = measure("publisher", receiver, sizes=Sizes(rate=50_000, seconds=0.5))
    sizes = [len(msgspec.json.decode(body)) for body in receiver.bodies]
    assert all(1_000 <= size <= 50_000 for size in sizes)
    assert sum(sizes[:-1]) < 25_000
    assert slow.objections == []
    fast = measure("publisher", Receiver(), sizes=Sizes(rate=0, seconds=0.5, concurrency=1))
    assert fast.objections == []


def test_faults_are_retried_and_told() -> None:
    receiver = Receiver()
    receiver.faults = [503, 0, -1]
    run = measure("bulk", receiver)
    assert run.details["retries"] == 3
    assert run.objections == []


def test_what_never_shows_is_not_proved() -> None:
    receiver = Receiver()
    receiver.lost = 5
    run = measure("bulk", receiver, patience=1.5)
    assert run.details["visibleSeconds"] is None
    assert run.value("endToEndPerSecond") == 0
    assert run.objections


@pytest.mark.parametrize("name", ["burst", "drain", "growth", "ceilings", "stages"])
def test_what_needs_servers_says_so(name: str) -> None:
    receiver = Receiver()
    with pytest.raises(MissingError, match="-url"):
        measure(name, receiver)
    assert not receiver.bodies


def command(receiver: Receiver, *arguments: str) -> tuple[int, str, str]:
    async def scenario() -> tuple[int, str, str]:
        async with running(receiver) as url:
            program = (sys.executable, "-c", PROGRAM, "--url", url, *arguments)
            process = await asyncio.create_subprocess_exec(*program, stdout=PIPE, stderr=PIPE)
            out, err = await process.communicate()
            assert process.returncode is not None
            return process.returncode, out.decode(), err.decode()

    return asyncio.run(scenario())


def test_the_command_measures_several_scenarios() -> None:
    code, out, _ = command(Receiver(), "bulk", "single", "-n", "500", "-b", "100", "--json")
    assert code == 0
    scenarios = msgspec.json.decode(out)["scenarios"]
    assert [each["scenario"] for each in scenarios] == ["bulk", "single"]
    assert all(each["proved"] for each in scenarios)


def test_the_command_prints_tables() -> None:
    code, out, _ = command(Receiver(), "-n", "500", "--runs", "2")
    assert code == 0
    assert "freshness p95" in out
    assert "median" in out
    assert "reported, revenue" in out


def test_an_unknown_scenario_is_told_with_those_that_are() -> None:
    code, _, err = command(Receiver(), "marathon")
    assert code == 2
    assert "marathon" in err
    assert all(name in err for name in SCENARIOS)


def test_a_missing_server_is_told() -> None:
    code, _, err = command(Receiver(), "burst", "--nats-url", "nats://127.0.0.1:1")
    assert code == 1
    assert "away" in err
