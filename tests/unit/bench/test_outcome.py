"""Figures and sheets of one run and of several."""

import io

import pytest
from rich.console import Console

from infra.bench.disk import Growth
from infra.bench.freshness import percentiles
from infra.bench.measurement import Measurement
from infra.bench.outcome import Column, Figure, Outcome, Sheet, merged, middle
from infra.bench.resources import Usage, combined
from infra.bench.results import document
from infra.bench.sizes import Sizes
from infra.bench.tables import show

COLUMNS = (Column("cpu", "CPU"), Column("peak", "peak", ",.0f", max))


def run(rate: float | None, **rows: tuple[float | None, float | None]) -> Outcome:
    return Outcome(
        headline="a run",
        conclusion="it is so",
        figures=[Figure("rate", "rate", rate)],
        sheets=[Sheet("processes", "process", COLUMNS, rows, total=True)],
        details={"events": 5},
    )


def measurement(**changes: object) -> Measurement:
    fields: dict[str, object] = {
        "events": 100,
        "requests": 10,
        "bytes": 40_000,
        "retries": 0,
        "accept_seconds": 2.0,
        "visible_seconds": 4.0,
        "drain_seconds": None,
        "freshness": percentiles([(0.5, 100)]),
        "answers": percentiles([(0.1, 10)]),
        "revenue": "7.50",
        "failed_looks": 0,
        "usages": [Usage("ingest", 0.5, 3 << 20)],
        "growth": Growth.between(
            {"events": 1000, "keys": 7}, {"events": 61_000, "keys": 7, "new": 20_000}, 100, 40_000
        ),
    }
    return Measurement(**{**fields, **changes})  # type: ignore[arg-type] # by name, from a table


def tables(*runs: Outcome) -> str:
    console = Console(file=io.StringIO(), record=True, width=100)
    show(console, "bulk", runs)
    return console.export_text()


def test_medians_leave_out_figures_that_a_run_lacks() -> None:
    assert middle([3.0, 1.0, 2.0]) == 2.0
    assert middle([3.0, None]) is None
    assert middle([]) is None


def test_sheets_of_several_runs_become_one() -> None:
    runs = [run(1, a=(1.0, 5.0), b=(2.0, None)), run(2, a=(3.0, 9.0)), run(3, a=(4.0, 2.0))]
    sheet = merged([each.sheet("processes") for each in runs])
    assert sheet.rows == {"a": [3.0, 9.0], "b": [2.0, None]}
    assert sheet.total


def test_an_outcome_is_plain_data() -> None:
    found = document("bulk", [run(1.0, a=(1.0, 2.0)), run(4.0)])
    assert found["proved"] is True
    assert found["median"] == {"rate": 2.5}
    assert found["runs"][0] == {
        "events": 5,
        "rate": 1.0,
        "processes": [{"name": "a", "cpu": 1.0, "peak": 2.0}],
        "objections": [],
    }


def test_an_objection_is_no_proof() -> None:
    bad = Outcome("a run", "it is so", objections=["two are missing"])
    assert document("bulk", [bad])["proved"] is False
    shown = tables(bad)
    assert "two are missing" in shown
    assert "it is so" not in shown


def test_tables_show_medians_and_totals() -> None:
    shown = tables(run(1.0, a=(1.0, 5.0), b=(2.0, None)), run(None, a=(3.0, 4.0)))
    assert "process (median)" in shown
    assert any(line.split() == ["all", "4.00", "5"] for line in shown.splitlines())
    assert any(line.split() == ["rate", "1.00", "-", "-"] for line in shown.splitlines())


def test_a_measurements_rates() -> None:
    outcome = measurement().outcome()
    assert outcome.value("acceptedPerSecond") == 50
    assert outcome.value("endToEndPerSecond") == 25
    assert outcome.value("freshnessMax") == 0.5
    assert outcome.value("answerP99") == 0.1
    never = measurement(visible_seconds=None).outcome()
    assert never.value("endToEndPerSecond") == 0


def test_a_held_load_has_a_drain_and_no_freshness() -> None:
    outcome = measurement(freshness=None, drain_seconds=0.5).outcome()
    assert outcome.value("drainedPerSecond") == 200
    assert "freshnessP50" not in {figure.key for figure in outcome.figures}


def test_disk_per_event_is_growth_over_events() -> None:
    outcome = measurement().outcome()
    assert outcome.value("diskBytesPerEvent") == 800
    assert outcome.value("jsonBytesPerEvent") == 400
    assert outcome.value("diskToJson") == 2
    assert outcome.sheet("tables").rows == {"events": [600.0], "new": [200.0]}


def test_without_a_database_or_processes_there_are_no_such_sheets() -> None:
    outcome = measurement(growth=None, usages=[]).outcome()
    assert outcome.sheets == []
    assert "diskToJson" not in {figure.key for figure in outcome.figures}


def test_processes_per_million_events() -> None:
    assert measurement().outcome().sheet("processes").rows == {"ingest": [0.5, 5000.0, 3.0]}


def test_phases_add_up() -> None:
    first = [Usage("a", 1.0, 50), Usage("b", 0.25, 9)]
    second = [Usage("b", 2.0, 7), Usage("c", 0.5, 1)]
    assert combined(first, second) == [Usage("b", 2.25, 9), Usage("a", 1.0, 50), Usage("c", 0.5, 1)]


def test_growth_of_nothing() -> None:
    nothing = Growth.between({}, {}, 0, 0)
    assert nothing.all == 0
    assert nothing.per_event(5) is None
    assert nothing.to_json is None


def test_sizes_are_left_to_the_scenario() -> None:
    assert Sizes().rate is None
    with pytest.raises(AttributeError):
        Sizes().rate = 5  # type: ignore[misc] # that is the point
