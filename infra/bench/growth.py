"""The scenario `growth`: what events cost and how long reports take as the store fills."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
import psycopg

from infra.bench.load import LoadRun, Target
from infra.bench.loads import Bulk
from infra.bench.measurement import Measurement
from infra.bench.outcome import Column, Figure, Outcome, Sheet
from infra.bench.reports import GATEWAY, REPORTS, ReportSizes, ReportTimes, time_reports
from infra.bench.sizes import Sizes
from infra.local.state import StateDir
from shared.store.queries import query

POINTS: Final = "growth.jsonl"
"""The file of a state directory that has the points, one a line."""

_EVENTS: Final = 10_000_000
_STEPS: Final = 50
_SMALLEST_STEP: Final = 200_000
_QUESTIONS: Final = ReportSizes(questions=100, slow_questions=10)
_MARKS: Final = (1, 2, 5)
_OK: Final = 200
_NONE: Final = (None, None)
_COLUMNS: Final = (
    Column("eventsPerSecond", "events/s", ",.0f"),
    Column("databaseMicroseconds", "postgres, CPU µs per event"),
    Column("microseconds", "all, CPU µs per event"),
    Column("diskBytes", "on disk, bytes per event", ",.0f"),
    Column("logBytes", "log, bytes per event", ",.0f"),
)


class ReportTime(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Milliseconds from a question at the gateway to its answer."""

    p50: float
    p99: float


class Point(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step: what is stored after it, and what its own events took.

    `microseconds` are of CPU per event, by process. `reports` are the times with so much stored;
    none at most steps.
    """

    stored: int
    events: int
    events_per_second: float
    microseconds: Mapping[str, float]
    disk_bytes: float | None
    log_bytes: float
    reports: Mapping[str, ReportTime]
    at: datetime

    def row(self) -> list[float | None]:
        """Return it as a row of the sheet."""
        every = sum(self.microseconds.values())
        database = self.microseconds.get("postgres")
        return [
            self.events_per_second,
            database,
            every or None,
            self.disk_bytes,
            self.log_bytes,
        ]

    def times(self) -> list[float | None]:
        """Return the times of reports as a row of their sheet."""
        found = (self.reports.get(report) for report in REPORTS)
        return [value for time in found for value in ((time.p50, time.p99) if time else _NONE)]


class Growth:
    """Fills the store through the real path, in steps."""

    summary = "bulk in steps up to --events, with the cost of each and report times"
    stack = True

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once, from what is stored already. Each point is on disk before the next step.

        Raises MissingError without a local stack, and psycopg.Error.
        """
        database = target.database()
        until = sizes.events or _EVENTS
        file = sizes.points or target.state_dir / POINTS
        started = datetime.now(UTC) - timedelta(seconds=2)
        points: list[Point] = []
        objections: list[str] = []
        stored, log = await asyncio.to_thread(_position, database)
        planned = list(steps(until - stored))
        for number, size in enumerate(planned, 1):
            load = Bulk().load(Sizes(events=size, body_size=sizes.body_size))
            found = await LoadRun(target, load)()
            before, (stored, after) = stored, await asyncio.to_thread(_position, database)
            times = None
            if passed_mark(before, stored) or number == len(planned):
                times = await asyncio.to_thread(_times, target.state_dir, started)
                objections += times.refusals
            points.append(_point(found, stored, (after - log) / found.events, times))
            await asyncio.to_thread(append, file, points[-1])
            log = (await asyncio.to_thread(_position, database))[1]
            objections += found.objections
            if found.objections:
                break
        return outcome(points, file, objections)


def steps(events: int) -> Iterator[int]:
    """Yield how many events each step has, `events` together."""
    size = max(_SMALLEST_STEP, -(-events // _STEPS))
    for done in range(0, events, size):
        yield min(size, events - done)


def passed_mark(before: int, after: int) -> bool:
    """Say whether there is 1, 2 or 5 times a power of ten, from a million on, in between.

    A per cent less will do: some events of a step are corrupt.
    """
    marks = (mark * 10**power * 0.99 for power in range(6, 12) for mark in _MARKS)
    return any(before < mark <= after for mark in marks)


def append(file: Path, point: Point) -> None:
    """Add a point to a file. Raises OSError."""
    with file.open("ab") as lines:
        lines.write(msgspec.json.encode(point) + b"\n")


def read(file: Path) -> list[Point]:
    """Return the points of a file. Raises OSError and msgspec.DecodeError."""
    return [msgspec.json.decode(line, type=Point) for line in file.read_bytes().splitlines()]


def outcome(points: Sequence[Point], file: Path, objections: Sequence[str]) -> Outcome:
    """Return points as an outcome; with none, that everything was stored already."""
    columns = [
        Column(f"{report}{rank.upper()}", f"{report} {rank}, ms", ",.1f")
        for report in REPORTS
        for rank in ("p50", "p99")
    ]
    stored = points[-1].stored if points else 0
    rows = {f"{point.stored:,}": point.row() for point in points}
    times = {f"{point.stored:,}": point.times() for point in points if point.reports}
    return Outcome(
        headline=f"{sum(point.events for point in points):,} events in {len(points)} steps",
        conclusion=f"{stored:,} are stored; the points are in {file}.",
        figures=list(_figures(points)),
        sheets=[
            Sheet("points", "stored", _COLUMNS, rows),
            Sheet("reports", "stored", columns, times),
        ],
        objections=objections,
    )


def _figures(points: Sequence[Point]) -> Iterator[Figure]:
    """Yield by how much the last fifth is slower and dearer than the first, as shares."""
    for key, heading, column in (
        ("rateRatio", "last fifth / first, events/s", 0),
        ("databaseCostRatio", "last fifth / first, postgres' CPU", 1),
        ("costRatio", "last fifth / first, all CPU", 2),
    ):
        yield Figure(key, heading, _ratio([point.row()[column] for point in points]))


def _ratio(values: Sequence[float | None]) -> float | None:
    """Return the median of the last fifth over that of the first; None if a value is missing."""
    known = [value for value in values if value]
    if not known or len(known) < len(values):
        return None
    fifth = -(-len(known) // 5)
    return median(known[-fifth:]) / median(known[:fifth])


def _position(database_url: str) -> tuple[int, int]:
    """Return how many events are stored, and the write-ahead log's position in bytes."""
    with psycopg.connect(database_url, application_name="hookstream bench") as connection:
        [found] = connection.execute(query("bench_stored")).fetchall()
        return found[0], found[1]


def _times(state_dir: Path, started: datetime) -> ReportTimes:
    return time_reports(StateDir(state_dir), started, datetime.now(UTC), _QUESTIONS)


def _point(found: Measurement, stored: int, log_bytes: float, times: ReportTimes | None) -> Point:
    spent = {usage.name: usage.cpu_seconds * 1e6 / found.events for usage in found.usages}
    return Point(
        stored=stored,
        events=found.events,
        events_per_second=found.events / found.visible_seconds if found.visible_seconds else 0.0,
        microseconds=spent,
        disk_bytes=found.growth.per_event(found.growth.all) if found.growth else None,
        log_bytes=log_bytes,
        reports=dict(_gateway_times(times)) if times else {},
        at=datetime.now(UTC),
    )


def _gateway_times(times: ReportTimes) -> Iterator[tuple[str, ReportTime]]:
    for timing in times.timings:
        p50, p99 = timing.seconds.p50, timing.seconds.p99
        wanted = timing.place == GATEWAY and timing.status == _OK and not timing.whole
        if wanted and p50 is not None and p99 is not None:
            yield timing.report, ReportTime(p50=p50 * 1000, p99=p99 * 1000)
