"""Shows the reports as tables with bars."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec
from rich.bar import Bar
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from infra.reporting.grouped import (
    FUNNEL_FIGURES,
    REVENUE_FIGURES,
    amount,
    event_figures,
    show_groups,
)
from shared.reports.answers import (
    Answer,
    DemographicsAnswer,
    EventsAnswer,
    FacebookUsers,
    FunnelAnswer,
    Groups,
    RevenueAnswer,
    TiktokUsers,
)

_BAR_WIDTH = 24


def show_report(console: Console, name: str, content: bytes) -> None:
    """Print an answer of the report `name`, given as JSON.

    Raises msgspec.MsgspecError for one that is no such answer.
    """
    _SHOW[name](console, content)


def _show_events(console: Console, content: bytes) -> None:
    answer = msgspec.json.decode(content, type=EventsAnswer)
    _show_head(console, answer, f"{answer.total_events:,} events")
    figures = event_figures(answer.total_events)
    show_groups(console, answer.groups, answer.series or (), figures)
    _show_rest(console, answer, len(answer.groups))


def _show_revenue(console: Console, content: bytes) -> None:
    answer = msgspec.json.decode(content, type=RevenueAnswer)
    average = f", {amount(answer.average_order_value)} on average" * bool(answer.transaction_count)
    sales = f"{answer.transaction_count:,} transactions{average}"
    _show_head(console, answer, f"{amount(answer.total_revenue)} from {sales}")
    show_groups(console, answer.groups, answer.series or (), REVENUE_FIGURES)
    _show_rest(console, answer, len(answer.groups))


def _show_funnel(console: Console, content: bytes) -> None:
    answer = msgspec.json.decode(content, type=FunnelAnswer)
    _show_head(console, answer, f"{answer.group_count:,} funnels")
    show_groups(console, answer.groups, answer.series or (), FUNNEL_FIGURES)
    _show_rest(console, answer, len(answer.groups))


def _show_rest(console: Console, answer: Groups, shown: int) -> None:
    """Say how to see the groups that are not shown."""
    if answer.next_cursor is not None:
        console.print(
            f"{shown:,} of {answer.group_count:,} groups; the next: --cursor", style="dim"
        )
        console.print(answer.next_cursor, style="dim", soft_wrap=True)


def _show_demographics(console: Console, content: bytes) -> None:
    answer = msgspec.json.decode(content, type=DemographicsAnswer)
    facebook, tiktok = answer.facebook, answer.tiktok
    _show_head(console, answer, f"{facebook.users + tiktok.users:,} users")
    _show_facebook(console, facebook)
    _show_tiktok(console, tiktok)


def _show_facebook(console: Console, people: FacebookUsers) -> None:
    _show_source(console, "facebook", people)
    if not people.users:
        return
    console.print(f"average age {_number(people.average_age)}")
    places = [(place.country, place.users) for place in people.top_countries]
    cities = [(f"{place.city}, {place.country}", place.users) for place in people.top_cities]
    tables = [
        _counts("age", people.age_groups.items()),
        _counts("gender", people.gender.items()),
        _counts("top countries", places),
        _counts("top cities", cities),
    ]
    console.print(Columns(tables, padding=(0, 2)))


def _show_tiktok(console: Console, people: TiktokUsers) -> None:
    _show_source(console, "tiktok", people)
    if not people.users:
        return
    console.print(
        f"average followers {_number(people.average_followers)},"
        f" watch time {_number(people.average_watch_time)} s,"
        f" watched {_number(people.average_percentage_watched)} %"
    )
    places = [(place.country, place.users) for place in people.top_countries]
    tables = [
        _counts("followers", people.follower_ranges.items()),
        _counts("device", people.devices.items()),
        _counts("top countries", places),
    ]
    console.print(Columns(tables, padding=(0, 2)))


def _show_source(console: Console, name: str, people: FacebookUsers | TiktokUsers) -> None:
    console.print(f"\n[bold]{name}[/]: {people.users:,} users in {people.events:,} events")


def _show_head(console: Console, answer: Answer, total: str) -> None:
    console.print(f"[bold]{total}[/]")
    console.print(_range(answer))
    if answer.as_of is None or answer.freshness_seconds is None:
        console.print("complete up to: not known yet", style="yellow")
        return
    moment = answer.as_of.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")
    age = f"{answer.freshness_seconds:,.1f} s ago"
    console.print(f"complete up to {moment.replace('+00:00', 'Z')}, {age}", style="dim")


def _range(answer: Answer) -> str:
    start, end = answer.range.start, answer.range.end
    if start is None and end is None:
        return "all time"
    parts = (("from", start), ("to", end))
    return " ".join(f"{word} {_moment(limit)}" for word, limit in parts if limit is not None)


def _moment(limit: datetime) -> str:
    return limit.isoformat().replace("+00:00", "Z")


def _counts(title: str, counts: Iterable[tuple[str, int]]) -> Table:
    rows = list(counts)
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    most = max((count for _, count in rows), default=0)
    for name, count in rows:
        table.add_row(escape(name), f"{count:,}", _bar(count, most, _BAR_WIDTH // 2))
    return table


def _bar(value: float, most: float, width: int | None = None) -> RenderableType:
    return Bar(most, 0, value, width=width, color="cyan") if most else ""


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f}"


_SHOW: dict[str, Callable[[Console, bytes], None]] = {
    "events": _show_events,
    "revenue": _show_revenue,
    "demographics": _show_demographics,
    "funnel": _show_funnel,
}
