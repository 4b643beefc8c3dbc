"""`python -m infra.bench.plot POINTS.jsonl CHART.svg`: how cost grows, from growth's points."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from infra.bench.chart import Panel, Series, svg
from infra.bench.growth import Point, read

_USAGE: Final = "usage: python -m infra.bench.plot POINTS.jsonl CHART.svg"


def chart(points: Sequence[Point]) -> str:
    """Return the chart of points as an SVG document."""
    panels = [
        Panel("End to end, events/s", [_line("each step", points, lambda p: p.events_per_second)]),
        Panel(
            "CPU, µs per event",
            [
                _line("all processes", points, lambda p: sum(p.microseconds.values())),
                _line("PostgreSQL", points, lambda p: p.microseconds.get("postgres")),
            ],
        ),
        Panel(
            "Bytes per event",
            [
                _line("PostgreSQL's disk", points, lambda p: p.disk_bytes),
                _line("write-ahead log", points, lambda p: p.log_bytes),
            ],
        ),
        Panel("Reports with any from and to, ms", list(_reports(points))),
    ]
    return svg(panels, "events stored")


def _reports(points: Sequence[Point]) -> Iterator[Series]:
    for report in dict.fromkeys(name for point in points for name in point.reports):
        timed = [point for point in points if report in point.reports]
        p50 = [(point.stored, point.reports[report].p50) for point in timed]
        p99 = [(point.stored, point.reports[report].p99) for point in timed]
        yield Series(f"{report} p50", p50)
        yield Series("p99", p99, faint=True)


def _line(name: str, points: Sequence[Point], value: Callable[[Point], float | None]) -> Series:
    found = ((point.stored, value(point)) for point in points)
    return Series(name, [(stored, each) for stored, each in found if each is not None])


def main(arguments: Sequence[str]) -> None:
    """Write the chart. Exits with a message when there is nothing to make it of."""
    if len(arguments) != 2:  # noqa: PLR2004 - as _USAGE has it
        sys.exit(_USAGE)
    points, target = map(Path, arguments)
    try:
        target.write_text(chart(read(points)), encoding="utf-8")
    except (OSError, ValueError) as error:
        sys.exit(f"{points}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
