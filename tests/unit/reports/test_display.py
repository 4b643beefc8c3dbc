import io
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from infra.reporting.display import show_report
from infra.reporting.grouped import spark
from shared.reports.answers import (
    CityShare,
    Conversion,
    CountryShare,
    DemographicsAnswer,
    EventGroup,
    EventPoint,
    EventsAnswer,
    FacebookUsers,
    FunnelAnswer,
    FunnelGroup,
    Range,
    RevenueAnswer,
    RevenueGroup,
    Stages,
    Step,
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


def test_a_series_is_a_sparkline_per_group() -> None:
    days = [NOON.replace(day=day) for day in range(1, 5)]
    answer = events(10)
    answer.series = [
        EventPoint(
            source="facebook", funnel_stage="bottom", event_type="checkout.complete",
            count=count, start=day,
        )
        for day, count in zip(days, (1, 8, 0, 1), strict=True) if count
    ]  # fmt: skip
    assert "▂█▂" in shown("events", answer)


def test_many_intervals_fit_into_a_sparkline() -> None:
    assert spark([1.0] * 24) == "█" * 24
    assert len(spark(list(range(5_000)))) <= 24
    assert spark([0, 0]) == "  "
    assert spark([]) == ""


def test_groups_without_a_value_and_names_that_look_like_markup() -> None:
    answer = EventsAnswer(
        group_count=3, next_cursor="abc", range=ALL_TIME, as_of=NOON, freshness_seconds=0.4,
        total_events=3,
        groups=[EventGroup(country=name, count=1) for name in (None, "[red]x", "y" * 50)],
    )  # fmt: skip
    text = shown("events", answer)
    assert "none" in text
    assert "[red]x" in text
    assert "…" in text
    assert "abc" in text


def test_funnel() -> None:
    step = Step(events=4, users=4)
    group = FunnelGroup(
        source="facebook", users=4, events=8, stages=Stages(top=step, bottom=step), types=[],
        conversion=Conversion(users=1, rate=0.25), revenue="1234.50", transaction_count=1,
        revenue_per_user="308.62",
    )  # fmt: skip
    answer = FunnelAnswer(
        group_count=1, next_cursor=None, range=ALL_TIME, as_of=NOON, freshness_seconds=0.4,
        exact=True, groups=[group],
    )  # fmt: skip
    text = shown("funnel", answer, 120)
    for part in ("facebook", "25.00%", "1,234.50", "308.62"):
        assert part in text
