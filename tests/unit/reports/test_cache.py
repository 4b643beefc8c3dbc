from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from shared.reports.answers import EventGroup, EventPoint, EventsAnswer, Range
from shared.reports.cache import AnswerCache
from shared.reports.selection import Selection

MOMENT = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))


def answer(total: int) -> EventsAnswer:
    return EventsAnswer(
        range=Range(start=None, end=None),
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        freshness_seconds=0.5,
        group_count=1,
        next_cursor=None,
        total_events=total,
        groups=[EventGroup(country=None, count=total)],
        series=[EventPoint(start=MOMENT, country=None, count=total)],
    )


SIZE = len(msgspec.json.encode(answer(1)))


def test_an_answer_is_found_while_its_data_are_the_same() -> None:
    cache = AnswerCache(SIZE)
    asked = Selection(country=frozenset({"Ukraine"}))
    assert cache.find(asked, "a") is None
    cache.keep(asked, "a", answer(1))
    found = cache.find(asked, "a")
    assert msgspec.json.encode(found) == msgspec.json.encode(answer(1))
    assert cache.find(asked, "b") is None
    assert cache.find(Selection(), "a") is None
    cache.keep(asked, "b", answer(2))
    assert cache.find(asked, "a") is None
    assert cache.find(asked, "b") == cache.find(asked, "b") != found


def test_what_a_caller_does_to_an_answer_is_the_callers() -> None:
    cache = AnswerCache(SIZE)
    cache.keep(Selection(), "a", answer(1))
    found = cache.find(Selection(), "a")
    assert found is not None
    found.as_of = None
    again = cache.find(Selection(), "a")
    assert again is not None
    assert again.as_of is not None


def test_the_form_does_not_matter() -> None:
    cache = AnswerCache(SIZE)
    cache.keep(Selection(format="csv"), "a", answer(1))
    assert cache.find(Selection(format="json"), "a") is not None


def test_those_that_nobody_asked_for_go_first() -> None:
    cache = AnswerCache(2 * SIZE)
    one, two, three = (Selection(source=frozenset({str(number)})) for number in range(3))
    cache.keep(one, "a", answer(1))
    cache.keep(two, "a", answer(2))
    assert cache.find(one, "a")
    cache.keep(three, "a", answer(3))
    assert [cache.find(each, "a") is not None for each in (one, two, three)] == [True, False, True]
    cache.keep(one, "b", answer(4))
    assert [cache.find(each, "a") is not None for each in (one, two, three)] == [False, False, True]


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    cache = AnswerCache(SIZE - 1)
    cache.keep(Selection(), "a", answer(1))
    assert cache.find(Selection(), "a") is None
