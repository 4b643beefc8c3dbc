"""The benchmark on a whole stack: scenarios in a tiny size, and what an interruption leaves."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from builders import facebook
from stack import HOOKSTREAM, Stack, until

from infra.bench.growth import read
from infra.bench.reports import REPORTS

WARM_UP = 2_000
"""Events that the command sends before it measures."""


def bench(stack: Stack, *arguments: str) -> dict[str, Any]:
    """Run one scenario and return its only run."""
    out = stack.command("bench", *arguments, "--json")
    [scenario] = json.loads(out)["scenarios"]
    assert scenario["proved"] is True
    [run] = scenario["runs"]
    found: dict[str, Any] = run
    return found


def accepted(stack: Stack) -> float:
    counters = stack.counters().items()
    return sum(count for name, count in counters if name.startswith("gateway_events_accepted"))


def names(rows: list[dict[str, Any]]) -> set[str]:
    return {row["name"] for row in rows}


def test_a_bulk_run_has_rates_freshness_processes_and_disk(stack: Stack) -> None:
    run = bench(stack, "bulk", "-n", "20000")
    assert run["events"] <= 20_000
    assert run["acceptedPerSecond"] >= run["endToEndPerSecond"] > 0
    assert run["freshnessMax"] >= run["freshnessP50"] > 0
    assert {"webhook-ingest", "postgres", "nats", "connector"} <= names(run["processes"])
    assert all(row["cpuSecondsPerMillion"] is not None for row in run["processes"])
    assert {"events", "event_keys"} <= names(run["tables"])
    assert 400 < run["jsonBytesPerEvent"] < 450
    assert run["diskToJson"] == pytest.approx(run["diskBytesPerEvent"] / run["jsonBytesPerEvent"])


def test_in_a_burst_events_are_accepted_and_stored_later(stack: Stack) -> None:
    run = bench(stack, "burst", "--seconds", "1")
    assert 0.9 < run["acceptSeconds"] < 5
    collectors = [row for row in run["processes"] if row["name"].endswith("-consume")]
    ingest = [row for row in run["processes"] if row["name"] == "webhook-ingest"]
    assert sum(row["cpuSeconds"] for row in collectors) < 0.2 < ingest[0]["cpuSeconds"]
    assert run["drainedPerSecond"] > 0
    assert "freshnessP50" not in run


def test_a_backlog_is_drained_by_the_collectors(stack: Stack) -> None:
    run = bench(stack, "drain", "-n", "30000")
    used = {row["name"]: row["cpuSeconds"] for row in run["processes"]}
    assert used["webhook-ingest"] < used["fb-consume"]
    assert run["drainedPerSecond"] > run["endToEndPerSecond"]


def test_growth_goes_on_from_what_is_stored(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "growth.jsonl"
    stored = stack.total_events()
    for more in (20_000, 40_000):
        run = bench(stack, "growth", "-n", str(stored + more), "--points", str(file))
        [point] = run["points"]
        assert point["eventsPerSecond"] > 0
        assert point["microseconds"] > point["databaseMicroseconds"] > 0
        assert 300 < point["logBytes"] < 10_000
        [times] = run["reports"]
        assert 0 < times["eventsP50"] <= times["eventsP99"]
        assert stack.total_events() == pytest.approx(stored + more, abs=200)
    points = read(file)
    assert points[1].stored == stack.total_events()
    # One event of a warm-up may be a corrupted one.
    assert WARM_UP - 1 <= points[1].stored - points[0].stored - points[1].events <= WARM_UP
    assert set(points[0].reports) == set(REPORTS)
    nothing = bench(stack, "growth", "-n", "1", "--points", str(file))
    assert nothing["points"] == []
    assert read(file) == points


def test_stages_and_ceilings_are_in_microseconds(stack: Stack) -> None:
    run = bench(stack, "stages", "-n", "5000")
    assert {"ingest: validate", "store: new_keys", "store: copy"} <= names(run["stages"])
    assert all(row["microseconds"] < 1000 for row in run["stages"])
    assert "webhook-ingest" in names(run["processes"])
    limits = bench(stack, "ceilings", "-n", "5000")["ceilings"]
    assert len(limits) == 5
    assert all(row["eventsPerSecond"] > 0 for row in limits)
    assert all(row["serverMicroseconds"] > 0 for row in limits)


def test_a_cold_start_is_timed_on_a_stack_of_its_own(state: Path) -> None:
    stack = Stack(state / "stack")
    run = bench(stack, "coldstart", "--times", "2")
    assert len(run["seconds"]) == 2
    assert 0.05 < run["wakeP50"] <= run["wakeMax"] < 60
    assert run["collectors"] == 0
    assert {"webhook-ingest", "connector", "gateway"} <= names(run["waiting"])
    assert not (stack.state / "coldstart").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_releases_the_connector(stack: Stack, number: signal.Signals) -> None:
    until(lambda: stack.total_events() == accepted(stack), 60)
    before = stack.total_events()
    line = (str(HOOKSTREAM), "bench", "burst", "--seconds", "60", "--state-dir", str(stack.state))
    with subprocess.Popen((*line, "--concurrency", "1", "--body-size", "10")) as process:
        try:
            until(lambda: accepted(stack) > before + WARM_UP + 500, 60)
            held = stack.total_events()
            stack.post(facebook())
        finally:
            process.send_signal(number)
            code = process.wait(30)
    assert code == (-number if number is signal.SIGKILL else 130)
    assert held <= before + WARM_UP
    until(lambda: stack.total_events() > before + WARM_UP + 500, 40)
