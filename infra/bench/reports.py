"""Times reports over ranges with any limits, at the gateway and at the functions' own URLs."""

import asyncio
import http.client
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

import psutil

from infra.bench.dataset import Dataset, build
from infra.bench.freshness import Percentiles, percentiles
from infra.bench.load import Target
from infra.bench.outcome import Column, Outcome, Sheet
from infra.bench.sizes import Sizes
from infra.local.state import StateDir

REPORTS: Final = ("events", "revenue", "demographics", "funnel")
_SLOW: Final = ("demographics", "funnel")
"""Those that count distinct users, and are asked `slow_questions`."""

GATEWAY: Final = "gateway"
FUNCTION: Final = "function"

_OK, _NOT_MODIFIED = 200, 304
_PATIENCE: Final = 60.0
_EVENTS: Final = 10_000_000
_DAY: Final = 86_400
_MICROSECOND: Final = timedelta(microseconds=1)
_QUARTER: Final = timedelta(minutes=15)


class ReportTimesError(Exception):
    """A report did not answer as it should; the message says what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSizes:
    """How many events to build (none: what is stored is asked), how spread, how many questions.

    The first of `questions` is not timed. Without events of its own a run asks about the `window`
    before `end`.
    """

    events: int = _EVENTS
    window: timedelta = timedelta(hours=24)
    end: datetime | None = None
    questions: int = 200
    slow_questions: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long one report took at one place; `status` is what all its answers had.

    Ranges end within quarters of an hour, or all are `whole` ones.
    """

    report: str
    place: str
    status: int
    seconds: Percentiles
    whole: bool = False

    @property
    def name(self) -> str:
        """What was asked where."""
        of = " of whole quarters" if self.whole else ""
        return f"{self.report}{of} at the {self.place}, {self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTimes:
    """What was asked about, how long that took, and which reports did not answer and why."""

    events: int
    start: datetime
    end: datetime
    timings: Sequence[Timing]
    refusals: Sequence[str]

    def sheet(self) -> Sheet:
        """Return the times in milliseconds, a row for each report, place and status."""
        columns = [Column(key, f"{key}, ms", ",.1f") for key in ("p50", "p95", "p99", "max")]
        rows = {
            timing.name: [
                None if value is None else value * 1000
                for value in (
                    timing.seconds.p50,
                    timing.seconds.p95,
                    timing.seconds.p99,
                    timing.seconds.most,
                )
            ]
            for timing in self.timings
        }
        return Sheet("reports", "report", columns, rows)


class Reports:
    """Stores a large data set in the stack and asks about ranges with any limits."""

    summary = "report times over --events that are stored first, spread over --seconds"
    stack = True

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once. Raises MissingError without a local stack."""
        target.database()
        asked = ReportSizes(
            events=sizes.events or _EVENTS,
            window=timedelta(seconds=sizes.seconds or _DAY),
        )
        times = await asyncio.to_thread(measure, target.state_dir, asked)
        return Outcome(
            headline=f"{times.events:,} events, {asked.questions} questions a report",
            conclusion=f"{times.start:%F %T} to {times.end:%F %T}, ranges to the microsecond.",
            sheets=[times.sheet()],
            details={"events": times.events, "from": times.start, "to": times.end},
            objections=times.refusals,
        )


def measure(
    state_dir: Path, sizes: ReportSizes, tell: Callable[[str], None] = lambda _: None
) -> ReportTimes:
    """Build the data set in the stack of a state directory and time its reports.

    Raises Problem or OSError.
    """
    state = StateDir(state_dir)
    status = state.read_status()
    end = sizes.end or datetime.now(UTC).replace(microsecond=0)
    dataset = Dataset(
        database_url=status["database"], events=sizes.events, window=sizes.window, end=end
    )
    for stored in build(dataset):
        tell(f"reports: {stored:,} of {sizes.events:,} events stored")
    return time_reports(state, dataset.start, end, sizes, tell)


def time_reports(
    state: StateDir,
    start: datetime,
    end: datetime,
    sizes: ReportSizes,
    tell: Callable[[str], None] = lambda _: None,
) -> ReportTimes:
    """Time the reports of a stack over ranges between two moments.

    Raises OSError when a report does not answer at all.
    """
    gateway = state.read_status()["gateway"]
    timings: list[Timing] = []
    refusals: list[str] = []
    for report in REPORTS:
        tell(f"reports: {report}")
        try:
            for place, url in _places(state, gateway, report):
                timings.extend(_time(report, place, url, (start, end), sizes))
        except ReportTimesError as error:
            refusals.append(str(error))
    return ReportTimes(
        events=sizes.events, start=start, end=end, timings=timings, refusals=refusals
    )


def _places(state: StateDir, gateway: str, report: str) -> Iterator[tuple[str, str]]:
    """Yield where a report is to be had; the gateway comes first, which wakes the function."""
    yield GATEWAY, f"{gateway}/reports/{report}"
    pids = [
        each["pid"]
        for each in state.read_status()["processes"]
        if each["name"].startswith(f"report-{report}-")
    ]
    for pid in pids[:1]:
        [port, *_] = _listening(pid)
        yield FUNCTION, f"http://127.0.0.1:{port}/"


def _listening(pid: int) -> list[int]:
    connections = psutil.Process(pid).net_connections("inet")
    return [each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN]


def _time(
    report: str, place: str, url: str, window: tuple[datetime, datetime], sizes: ReportSizes
) -> Iterator[Timing]:
    slow = report in _SLOW
    # The same in every run, but not at the function what it has answered at the gateway.
    rng = Random(place)  # noqa: S311 - they guard no secret
    number = 1 + (sizes.slow_questions if slow else sizes.questions)
    with Asker(url) as asker:
        if not slow:
            whole = [asker.ask(each) for each in questions(rng, *window, number, _QUARTER)]
            yield replace(_timing(report, place, _OK, whole), whole=True)
        asked = list(questions(rng, *window, number))
        answers = [asker.ask(question) for question in asked]
        yield _timing(report, place, _OK, answers)
        if all(answer.etag for answer in answers):
            again = [
                asker.ask(question, answer.etag)
                for question, answer in zip(asked, answers, strict=True)
            ]
            yield _timing(report, place, _NOT_MODIFIED, again)


def questions(
    rng: Random, start: datetime, end: datetime, number: int, step: timedelta = _MICROSECOND
) -> Iterator[str]:
    """Yield query strings that ask about ranges within limits, which are multiples of `step`."""
    origin = datetime.min.replace(tzinfo=UTC)
    least = -((origin - start) // step)
    most = max(least + 1, (end - origin) // step)
    for _ in range(number):
        first, last = sorted(origin + rng.randrange(least, most) * step for _ in range(2))
        yield urlencode({"from": first.isoformat(), "to": last.isoformat()})


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    seconds: float
    etag: str | None


class Asker:
    """Asks one URL over one connection, one question after the other."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=_PATIENCE)
        self._path = parts.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, question: str, etag: str | None = None) -> _Answer:
        """Return how an answer came, with its time from the first byte sent to the last one got."""
        headers: Mapping[str, str] = {"if-none-match": etag} if etag else {}
        started = time.perf_counter()
        self._connection.request("GET", f"{self._path}?{question}", headers=headers)
        response = self._connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        if response.status not in {_OK, _NOT_MODIFIED}:
            raise ReportTimesError(f"{self._path}: HTTP {response.status} {content[:300]!r}")
        return _Answer(response.status, seconds, response.getheader("etag"))


def _timing(report: str, place: str, status: int, answers: Sequence[_Answer]) -> Timing:
    """Sum up answers that all have a status, without the first, which found nothing prepared."""
    others = [answer.status for answer in answers if answer.status != status]
    if others:
        raise ReportTimesError(f"{report}: HTTP {others[0]} instead of {status}")
    seconds = percentiles((answer.seconds, 1) for answer in answers[1:])
    return Timing(report=report, place=place, status=status, seconds=seconds)
