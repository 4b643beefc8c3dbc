from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qs

from infra.bench.freshness import Percentiles
from infra.bench.reports import ReportTimes, Timing, questions

START = datetime(2026, 3, 29, 12, tzinfo=UTC)
END = START + timedelta(hours=1)


def test_questions_are_about_ranges_to_the_microsecond_within_the_window() -> None:
    ragged = 0
    for question in questions(Random(1), START, END, 100):
        limits = {name: datetime.fromisoformat(text) for name, [text] in parse_qs(question).items()}
        assert START <= limits["from"] <= limits["to"] < END
        ragged += bool(limits["from"].microsecond % 1000)
    assert ragged > 90


def test_limits_may_be_whole_quarters() -> None:
    for question in questions(Random(1), START, END, 20, timedelta(minutes=15)):
        for [text] in parse_qs(question).values():
            moment = datetime.fromisoformat(text)
            assert (moment.minute % 15, moment.second, moment.microsecond) == (0, 0, 0)
            assert START <= moment < END


def test_the_same_seed_asks_the_same() -> None:
    first, again = (list(questions(Random(1), START, END, 5)) for _ in range(2))
    assert first == again


def test_times_are_a_sheet_in_milliseconds() -> None:
    seconds = Percentiles(0.001, 0.002, 0.003, 0.004)
    timing = Timing(report="events", place="gateway", status=304, seconds=seconds)
    times = ReportTimes(events=10, start=START, end=END, timings=[timing], refusals=[])
    [row] = times.sheet().document()
    assert row == {"name": "events at the gateway, 304", "p50": 1, "p95": 2, "p99": 3, "max": 4}
