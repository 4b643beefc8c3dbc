"""Shows the reports as tables with bars."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from shared.reports.answers import (
    Answer,
    DemographicsAnswer,
    EventsAnswer,
    FacebookUsers,
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
    table = _table("source", "stage", "type", numbers=("count", "share"))
    most = max((group.count for group in answer.groups), default=0)
    for group in answer.groups:
        share = f"{group.count / answer.total_events:.1%}"
        names = (str(group.source), str(group.funnel_stage), str(group.event_type))
        table.add_row(*names, f"{group.count:,}", share, _bar(group.count, most))
    _show_table(console, table)


def _show_revenue(console: Console, content: bytes) -> None:
    answer = msgspec.json.decode(content, type=RevenueAnswer)
    average = f", {_amount(answer.average_order_value)} on average" * bool(answer.transaction_count)
    sales = f"{answer.transaction_count:,} transactions{average}"
    _show_head(console, answer, f"{_amount(answer.total_revenue)} from {sales}")
    table = _table("source", "type", numbers=("revenue", "transactions", "average"))
    most = max((float(group.total_revenue) for group in answer.groups), default=0)
    for group in answer.groups:
        table.add_row(
            str(group.source),
            str(group.event_type),
            _amount(group.total_revenue),
            f"{group.transaction_count:,}",
            _amount(group.average_order_value),
            _bar(float(group.total_revenue), most),
        )
    _show_table(console, table)


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


def _table(*names: str, numbers: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", max_width=_BAR_WIDTH, min_width=_BAR_WIDTH // 3)
    return table


def _show_table(console: Console, table: Table) -> None:
    console.print(table if table.row_count else "nothing in this selection")


def _counts(title: str, counts: Iterable[tuple[str, int]]) -> Table:
    rows = list(counts)
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    most = max((count for _, count in rows), default=0)
    for name, count in rows:
        table.add_row(escape(name), f"{count:,}", _bar(count, most, _BAR_WIDTH // 2))
    return table


def _bar(value: float, most: float, width: int | None = None) -> RenderableType:
    return Bar(most, 0, value, width=width, color="cyan") if most else ""


def _amount(text: str | None) -> str:
    return "" if text is None else f"{Decimal(text):,f}"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f}"


_SHOW: dict[str, Callable[[Console, bytes], None]] = {
    "events": _show_events,
    "revenue": _show_revenue,
    "demographics": _show_demographics,
}
