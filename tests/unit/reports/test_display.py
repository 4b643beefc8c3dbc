import io
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from infra.reporting.display import show_report
from shared.reports.answers import (
    CityShare,
    CountryShare,
    DemographicsAnswer,
    EventGroup,
    EventsAnswer,
    FacebookUsers,
    Range,
    RevenueAnswer,
    RevenueGroup,
    TiktokUsers,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL_TIME = Range(start=None, end=None)


def shown(name: str, answer: msgspec.Struct, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show_report(console, name, msgspec.json.encode(answer))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in text.splitlines())
    return str(text)


def events(*counts: int) -> EventsAnswer:
    return EventsAnswer(
        group_count=1,
        next_cursor=None,
        range=ALL_TIME,
        as_of=NOON,
        freshness_seconds=0.4,
        total_events=sum(counts),
        groups=[
            EventGroup(
                source="facebook", funnel_stage="bottom", event_type="checkout.complete", count=each
            )
            for each in counts
        ],
    )


def revenue(total: str, count: int, average: str | None) -> RevenueAnswer:
    group = RevenueGroup(
        source="tiktok",
        event_type="purchase",
        total_revenue=total,
        transaction_count=count,
        average_order_value=average,
    )
    return RevenueAnswer(
        group_count=1,
        next_cursor=None,
        range=Range(start=NOON, end=None),
        as_of=None,
        freshness_seconds=None,
        total_revenue=total,
        transaction_count=count,
        average_order_value=average,
        groups=[group] if count else [],
    )


def demographics(users: int) -> DemographicsAnswer:
    return DemographicsAnswer(
        range=ALL_TIME,
        as_of=NOON,
        freshness_seconds=2,
        exact=True,
        facebook=FacebookUsers(
            users=users,
            events=users,
            average_age=41.5 if users else None,
            age_groups={"under_18": 0, "18_24": users},
            gender={"female": users},
            top_countries=[CountryShare(country="[/] Ukraine [red]", users=3, share=0.5)],
            top_cities=[CityShare(country="Ukraine", city="Kyiv", users=2, share=0.25)],
        ),
        tiktok=TiktokUsers(
            users=0,
            events=0,
            average_followers=None,
            follower_ranges={},
            devices={},
            top_countries=[],
            average_watch_time=None,
            average_percentage_watched=None,
        ),
    )


def test_events_with_bars_in_proportion() -> None:
    text = shown("events", events(3_000, 1_500))
    assert "4,500 events" in text
    assert "complete up to 2026-11-20 12:00:00.000Z, 0.4 s ago" in text
    bars = [line.count("█") for line in text.splitlines() if "checkout.complete" in line]
    assert bars[0] == 2 * bars[1] > 0


def test_revenue() -> None:
    text = shown("revenue", revenue("4252722.7101", 71_515, "59.47"))
    assert "4,252,722.7101 from 71,515 transactions, 59.47 on average" in text
    assert "from 2026-11-20T12:00:00Z" in text
    assert "not known yet" in text


def test_demographics_show_names_as_they_are() -> None:
    text = shown("demographics", demographics(1_200))
    assert "facebook: 1,200 users in 1,200 events" in text
    assert "[/] Ukraine [red]" in text
    assert "Kyiv, Ukraine" in text


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("events", events()),
        ("revenue", revenue("0.00", 0, None)),
        ("demographics", demographics(0)),
    ],
)
def test_nothing_to_show(name: str, answer: msgspec.Struct) -> None:
    assert shown(name, answer)


def test_an_answer_of_another_shape() -> None:
    with pytest.raises(msgspec.MsgspecError):
        show_report(Console(file=io.StringIO()), "events", b'{"hello": 1}')
