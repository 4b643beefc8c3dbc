"""`hookstream plan` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from bench_documents import SPENT, document
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.planning.layout import LAYOUTS


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments], env={"COLUMNS": "120"})


def planned(*arguments: str) -> list[dict[str, Any]]:
    done = plan(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["plans"]
    return found


def test_a_layout_is_planned_with_its_parts() -> None:
    done = plan("laptop")
    assert done.exit_code == 0
    for expected in ("laptop", "events/s", "cores", "connector", "100%"):
        assert expected in done.stdout


def test_several_layouts_are_compared() -> None:
    assert [each["layout"] for each in planned("laptop", "one-4")] == ["laptop", "one-4"]


def test_without_a_layout_there_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(LAYOUTS) - {"laptop", "one-4"}:
        monkeypatch.delitem(LAYOUTS, name)
    assert [each["layout"] for each in planned()] == ["laptop", "one-4"]


def test_changes_change_layout_and_costs() -> None:
    [before] = planned("laptop")
    [cores] = planned("laptop", "--set", "shared-cores=1")
    assert cores["eventsPerSecond"] == pytest.approx(before["eventsPerSecond"] / 2, rel=0.05)
    [dearer] = planned("laptop", "--set", "database=32", "--set", "ingest=4.1")
    assert dearer["eventsPerSecond"] < 0.6 * before["eventsPerSecond"]


def test_work_and_events_are_as_asked() -> None:
    [drain] = planned("laptop", "--work", "drain", "--events", "100000")
    [burst] = planned("laptop", "--work", "burst")
    assert (
        burst["eventsPerSecond"]
        > drain["eventsPerSecond"]
        > planned("laptop")[0]["eventsPerSecond"]
    )


def test_costs_come_from_a_run_of_the_benchmark(tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text(json.dumps(document(SPENT | {"postgres": 40.0})))
    [found] = planned("laptop", "--costs", str(run))
    assert found["eventsPerSecond"] == pytest.approx(2e6 / (sum(SPENT.values()) + 31), rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["palace"], "none of laptop"),
        (["laptop", "--set", "wings=2"], "none of"),
        (["laptop", "--set", "collectors"], "NAME=NUMBER"),
        (["laptop", "--set", "collectors=0"], "so many"),
        (["laptop", "--set", "collectors=1.5"], "so many"),
        (["laptop", "--set", "database=nan"], "so many"),
        (["laptop", "--set", "shared_cores=0"], "so many"),
        (["laptop", "--costs", "/nowhere"], "/nowhere"),
        (["laptop", "--work", "leisure"], "sustained"),
    ],
)
def test_what_cannot_be_is_named(arguments: list[str], reason: str) -> None:
    done = plan(*arguments)
    assert done.exit_code == 2
    assert reason in done.stderr


def test_a_file_without_costs_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text("{}")
    done = plan("laptop", "--costs", str(run))
    assert done.exit_code == 2
    assert "bench" in done.stderr
