"""Whole scenarios against a real HTTP server."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import msgspec
import pytest
from receiver import Receiver, running
from rich.console import Console

from infra.bench.load import Target
from infra.bench.measurement import Measurement
from infra.bench.results import document
from infra.bench.scenarios import SCENARIOS, Sizes
from infra.bench.tables import show

SMALL = Sizes(events=600, body_size=100, concurrency=4, seconds=1)
PROGRAM = "import typer; from infra.commands.bench import bench; typer.run(bench)"


def measure(name: str, receiver: Receiver, patience: float = 20) -> Measurement:
    async def scenario() -> Measurement:
        async with running(receiver) as url:
            target = Target(
                gateway=url,
                direct=None,
                listing=lambda: {os.getpid(): "here"},
                look_interval=0.02,
                patience=patience,
            )
            return await SCENARIOS[name].run(target, SMALL)

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_measured_and_proved(name: str) -> None:
    receiver = Receiver()
    run = measure(name, receiver)
    assert run.objections == []
    assert run.events == len(receiver.events) > 0
    assert run.requests == len(receiver.bodies)
    assert run.visible_seconds is not None
    assert run.visible_seconds >= run.accept_seconds > 0
    assert run.freshness.p95 is not None
    assert run.answers.p99 is not None
    assert [usage.name for usage in run.usages] == ["here"]


def test_bulk_bodies_have_the_size_asked_for() -> None:
    receiver = Receiver()
    measure("bulk", receiver)
    assert [len(msgspec.json.decode(body)) for body in receiver.bodies] == [100] * 6


def test_faults_are_retried_and_told() -> None:
    receiver = Receiver()
    receiver.faults = [503, 0, -1]
    run = measure("bulk", receiver)
    assert run.retries == 3
    assert run.objections == []


def test_what_never_shows_is_not_proved() -> None:
    receiver = Receiver()
    receiver.lost = 5
    run = measure("bulk", receiver, patience=1.5)
    assert run.visible_seconds is None
    assert run.end_to_end_per_second == 0
    assert run.objections


def test_results_are_plain_data_and_tables() -> None:
    runs = [measure("bulk", Receiver()) for _ in range(2)]
    data = msgspec.json.decode(msgspec.json.encode(document("bulk", runs)))
    assert data["proved"] is True
    rates = sorted(run["acceptedPerSecond"] for run in data["runs"])
    assert data["median"]["acceptedPerSecond"] == pytest.approx(sum(rates) / 2)
    assert data["runs"][0]["processes"][0]["name"] == "here"
    console = Console(record=True, width=100, quiet=True)
    show(console, "bulk", runs)


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
    assert "bulk, single, publisher" in err
