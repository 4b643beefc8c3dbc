"""How cost grows: steps, marks, points and the chart of them."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.bench import chart, plot
from infra.bench.chart import Panel, Series, svg
from infra.bench.growth import Point, ReportTime, append, outcome, passed_mark, read, steps

POINT = Point(
    stored=1_000_000,
    events=200_000,
    events_per_second=70_000.0,
    microseconds={"postgres": 9.0, "webhook-ingest": 4.0},
    disk_bytes=800.0,
    log_bytes=830.0,
    reports={"events": ReportTime(p50=3.0, p99=8.0)},
    at=datetime(2026, 11, 20, tzinfo=UTC),
)
SVG = "{http://www.w3.org/2000/svg}"


def point(stored: int, rate: float, cost: float, *, reports: bool) -> Point:
    return msgspec.structs.replace(
        POINT,
        stored=stored,
        events_per_second=rate,
        microseconds={"postgres": cost, "nats": 1.0},
        reports=POINT.reports if reports else {},
    )


POINTS = [
    point(number * 200_000, 80_000 - number, 10 + number / 10, reports=number == 5)
    for number in range(1, 11)
]


@given(events=st.integers(0, 60_000_000))
def test_steps_add_up_and_are_neither_many_nor_small(events: int) -> None:
    found = list(steps(events))
    assert sum(found) == events
    assert len(found) <= 50
    assert all(size >= 200_000 for size in found[:-1])


def test_nothing_is_left_to_do() -> None:
    assert not list(steps(-5))


@pytest.mark.parametrize(
    ("before", "after", "passed"),
    [
        (0, 400_000, False),
        (800_000, 1_000_000, True),
        (0, 999_950, True),
        (999_950, 1_900_000, False),
        (4_000_000, 6_000_000, True),
        (9_000_000, 9_999_000, True),
        (49_000_000, 49_999_000, True),
        (30_000_000, 40_000_000, False),
    ],
)
def test_marks_are_one_two_five(before: int, after: int, *, passed: bool) -> None:
    assert passed_mark(before, after) is passed


def test_points_are_appended_and_read(tmp_path: Path) -> None:
    file = tmp_path / "points.jsonl"
    for each in POINTS[:3]:
        append(file, each)
    assert read(file) == POINTS[:3]


def test_the_last_fifth_is_compared_with_the_first() -> None:
    found = outcome(POINTS, Path("points.jsonl"), [])
    assert found.value("databaseCostRatio") == pytest.approx((11 + 10.9) / (10.1 + 10.2))
    assert found.value("costRatio") == pytest.approx((12 + 11.9) / (11.1 + 11.2))
    assert found.value("rateRatio") == pytest.approx((80_000 - 9.5) / (80_000 - 1.5))
    assert list(found.sheet("points").rows)[-1] == "2,000,000"


def test_without_processes_there_is_no_cost() -> None:
    bare = msgspec.structs.replace(POINT, microseconds={})
    found = outcome([bare], Path("points.jsonl"), [])
    assert found.value("costRatio") is None
    assert found.value("rateRatio") == 1


def test_without_points_there_is_nothing_to_compare() -> None:
    assert outcome([], Path("points.jsonl"), []).value("rateRatio") is None


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def texts(root: ET.Element) -> list[str]:
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def test_a_chart_has_what_was_measured() -> None:
    root = drawn(plot.chart(POINTS))
    found = texts(root)
    assert {"End to end, events/s", "PostgreSQL", "write-ahead log", "events p50", "2M"} <= set(
        found
    )
    assert len(list(root.iter(f"{SVG}circle"))) == 5 * len(POINTS) + 2


def test_a_chart_of_one_point_or_none_can_be_drawn() -> None:
    for points in ([], [POINT]):
        drawn(plot.chart(points))


values = st.floats(0, 1e9).filter(lambda value: value == 0 or value > 1e-6)


@given(line=st.lists(st.tuples(values, values), min_size=1, max_size=20))
def test_all_points_are_inside_and_higher_values_higher(line: list[tuple[float, float]]) -> None:
    root = drawn(svg([Panel("a < b", [Series("s & t", line)])], "x"))
    box = [float(each) for each in root.attrib["viewBox"].split()]
    places = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.iter(f"{SVG}circle")]
    assert len(places) == len(line)
    assert all(0 <= x <= box[2] and 0 <= y <= box[3] for x, y in places)
    for axis, sign in ((0, 1), (1, -1)):
        _rises([value[axis] for value in line], [sign * place[axis] for place in places])


def _rises(values: Sequence[float], places: Sequence[float]) -> None:
    ordered = [place for _, place in sorted(zip(values, places, strict=True))]
    assert ordered == sorted(ordered)


@given(most=values)
def test_ticks_are_few_and_reach_to_the_top(most: float) -> None:
    ticks = chart._ticks(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most * (1 - 1e-6)
    assert 1 <= len(ticks) <= 7


def test_the_script_writes_the_chart(tmp_path: Path) -> None:
    source, target = tmp_path / "points.jsonl", tmp_path / "chart.svg"
    append(source, POINT)
    plot.main([str(source), str(target)])
    assert target.read_text() == plot.chart([POINT])


def test_the_script_says_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "points.jsonl"
    broken.write_text("{}\n")
    for arguments in ([], [str(broken), "x.svg"], [str(tmp_path / "none"), "x.svg"]):
        with pytest.raises(SystemExit, match=r"usage|points|none"):
            plot.main(arguments)
