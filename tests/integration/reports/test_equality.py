from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from integration.reports import naive
from integration.reports.asking import Reports, query_string
from integration.reports.naive import TYPES, Event, Wanted
from integration.reports.storing import clear, make_room, store

MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

at_limits = st.builds(
    lambda quarter, second, offset: (
        MIDNIGHT + quarter * QUARTER + timedelta(seconds=second, microseconds=offset)
    ),
    st.integers(-3, 3),
    st.sampled_from([0, 0, 1, 100, 449, 450, 451, 800, 899]),
    st.sampled_from([-500_000, -1, 0, 1, 499_999, 500_000]),
)
anywhere = st.timedeltas(-timedelta(hours=26), timedelta(hours=26)).map(MIDNIGHT.__add__)
moments = at_limits | anywhere
users = st.sampled_from(["ada", "Ada", "zoë", "o'neil"])
countries = st.sampled_from(["Ukraine", "ukraine", "Åland", "Zambia", "Côte d'Ivoire", ""])
cities = st.sampled_from(["Kyiv", "kyiv", "Łódź", "Zürich", "日本", "a b"])
campaigns = st.sampled_from(["camp-1", "camp-2", "CAMP-1"])
items = st.none() | st.sampled_from(["hat", "Hat", "a, b"])
amounts = st.none() | st.decimals(0, 10**12 - 1, places=4) | st.just(Decimal("0.1"))
measures = st.floats(0, 100) | st.integers(0, 1000).map(lambda tenths: tenths / 10)
NOBODY: dict[str, Any] = {
    "event_id": "", "user_id": "", "country": None, "city": None, "age": None, "gender": None,
    "followers": None, "device": None,
}  # fmt: skip
"""What is left of an event whose person was erased."""


@st.composite
def events(draw: st.DrawFn, number: int, times: st.SearchStrategy[datetime]) -> Event:
    type_id = draw(st.sampled_from(sorted(TYPES)) | st.sampled_from([7, 13]))
    source, stage, name = TYPES[type_id]
    facebook, bottom = source == naive.FACEBOOK, stage == "bottom"
    watched = not facebook and not bottom
    event = Event(
        occurred_at=draw(times),
        type_id=type_id,
        event_id=f"{draw(st.sampled_from('aAzZéß日'))}{number}",
        user_id=draw(users),
        country=draw(countries) if facebook or watched else None,
        city=draw(cities) if facebook else None,
        age=draw(st.integers(15, 57)) if facebook else None,
        gender=draw(st.sampled_from(["male", "female", "non-binary"])) if facebook else None,
        followers=None
        if facebook
        else draw(st.sampled_from([0, 999, 1000, 99_999, 100_000, 10**6, 2**63 - 1])),
        device=draw(st.sampled_from(["Android", "iOS", "Desktop"]))
        if watched
        else ("mobile" if facebook and bottom else None),
        watch_time=draw(measures) if watched else None,
        percentage_watched=draw(measures) if watched else None,
        campaign_id=draw(campaigns) if facebook and bottom else None,
        purchased_item=draw(items) if name == "purchase" else None,
        revenue=draw(amounts) if name in ("checkout.complete", "purchase") else None,
    )
    return replace(event, **NOBODY) if draw(st.integers(0, 4)) == 0 else event


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...] | None]:
    """Rarely restrict to a few values."""
    several = st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)
    return st.integers(0, 3).flatmap(lambda number: st.none() if number else several)


@st.composite
def wishes(draw: st.DrawFn, times: st.SearchStrategy[datetime]) -> Wanted:
    limits = st.none() | times | moments
    start, end = draw(limits), draw(limits)
    if start and end and start > end:
        start, end = end, start
    return Wanted(
        start=start,
        end=end,
        source=draw(some(st.sampled_from([naive.FACEBOOK, naive.TIKTOK]))),
        funnel_stage=draw(some(st.sampled_from(["top", "bottom"]))),
        event_type=draw(some(st.sampled_from([kind[2] for kind in TYPES.values()]))),
        campaign_id=draw(some(campaigns)),
        country=draw(some(countries.filter(bool))),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Event], list[Wanted], int]:
    """Events that share few moments, questions whose limits are often among those.

    Last, how many of the events an older version has stored.
    """
    times = st.sampled_from(draw(st.lists(moments, min_size=1, max_size=8)))
    stored = [draw(events(number, times)) for number in range(draw(st.integers(0, 40)))]
    wanted = draw(st.lists(wishes(times), min_size=1, max_size=4))
    return stored, wanted, draw(st.just(0) | st.integers(0, len(stored)))


def fill(tables: psycopg.Connection, stored: Sequence[Event], older: int = 0) -> None:
    """Store events, so many of them as an older version does."""
    clear(tables)
    make_room(tables, stored)
    with tables.transaction():
        store(tables, stored[:older], seconds=False)
        store(tables, stored[older:])


@pytest.mark.timeout(900)
@given(case=cases())
@example(case=([], [Wanted()], 0))
@settings(max_examples=200, deadline=None)
def test_every_report_equals_a_naive_computation(
    reports: Reports, tables: psycopg.Connection, case: tuple[list[Event], list[Wanted], int]
) -> None:
    stored, wanted, older = case
    fill(tables, stored, older)
    for each in wanted:
        names = ("events", "revenue", "demographics")
        answers = reports.ask_all([(name, query_string(each)) for name in names])
        for name, answer in zip(names, answers, strict=True):
            expected = getattr(naive, name)(stored, each)
            assert {key: answer[key] for key in expected} == expected


LIMITS = [
    QUARTER * quarter + timedelta(seconds=second)
    for quarter in (0, 2)
    for second in (0, 0.3, 0.8, 1, 200.2, 449.999_999, 450, 700, 700.5, 899.7)
]
"""On either side of the middle of quarters and of seconds."""


@pytest.mark.parametrize("older", [0, 300])
def test_limits_on_either_side_of_the_middle(
    reports: Reports, tables: psycopg.Connection, older: int
) -> None:
    stored = [
        Event(
            occurred_at=MIDNIGHT + timedelta(seconds=number * 3.7 % 3600),
            type_id=(7, 13, 8)[number % 3],
            event_id=f"e{number}",
            user_id=f"u{number}",
            followers=1,
            revenue=Decimal(number) if number % 3 != 2 else None,
        )
        for number in range(2_000)
    ]
    fill(tables, stored, older)
    wanted = [
        Wanted(start=MIDNIGHT + start, end=MIDNIGHT + end) for start, end in combinations(LIMITS, 2)
    ]
    for each in wanted:
        query = query_string(each)
        answers = reports.ask_all([("events", query), ("revenue", query)])
        for answer, naively in zip(answers, (naive.events, naive.revenue), strict=True):
            expected = naively(stored, each)
            assert {key: answer[key] for key in expected} == expected


def test_of_equal_moments_the_greatest_values_are_the_latest(
    reports: Reports, tables: psycopg.Connection
) -> None:
    stored = [
        Event(
            occurred_at=MIDNIGHT,
            type_id=type_id,
            event_id=f"{user} {type_id}",
            user_id=f"user-{user}",
            followers=followers,
            device=device,
            country=device and f"{device}land",
        )
        for user, types in enumerate(((8, 9, 13), (13, 9, 8), (9, 8, 13), (13, 8, 9)))
        for type_id, followers, device in zip(
            types, (10, 2_000, 3_000_000), ("iOS", "Desktop", None), strict=True
        )
    ]
    fill(tables, stored)
    expected = naive.demographics(stored, Wanted())
    assert reports.ask("demographics")["tiktok"] == expected["tiktok"]
    assert expected["tiktok"]["followerRanges"]["1m_plus"] == 4
    assert expected["tiktok"]["devices"] == {"Android": 0, "iOS": 4, "Desktop": 0}


def test_users_and_places_beyond_ten(reports: Reports, tables: psycopg.Connection) -> None:
    stored = [
        Event(
            occurred_at=MIDNIGHT + timedelta(seconds=number),
            type_id=1 + number % 7,
            event_id=f"e{number}",
            user_id=f"u{number % 600}",
            country=f"country {number % 23}",
            city=f"city {number % 31}",
            age=number % 80,
            gender="female",
        )
        for number in range(2_000)
    ]
    fill(tables, stored)
    expected = naive.demographics(stored, Wanted())
    assert len(expected["facebook"]["topCities"]) == 10
    assert reports.ask("demographics")["facebook"] == expected["facebook"]
