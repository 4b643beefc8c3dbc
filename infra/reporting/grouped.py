"""Shows reports that come in groups: one row per group, its series as a sparkline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from shared.reports.answers import (
    EventGroup,
    EventPoint,
    FunnelGroup,
    FunnelPoint,
    RevenueGroup,
    RevenuePoint,
)
from shared.reports.groups import MEMBERS

_BAR_WIDTH = 24
_SPARKS = "▁▂▃▄▅▆▇█"
_LONGEST = 32

Group = EventGroup | RevenueGroup | FunnelGroup
Point = EventPoint | RevenuePoint | FunnelPoint


@dataclass(frozen=True, slots=True)
class Figures:
    """What is shown of a group: named texts, and the number that its bar stands for."""

    names: tuple[str, ...]
    texts: Callable[[Any], tuple[str, ...]]
    size: Callable[[Any], float]


def show_groups(
    console: Console, groups: Sequence[Group], points: Sequence[Point], figures: Figures
) -> None:
    """Print a table of groups; with points, how each went over time."""
    if not groups:
        console.print("nothing in this selection")
        return
    fields = [field for field in MEMBERS.values() if hasattr(groups[0], field)]
    fields = [field for field in fields if getattr(groups[0], field) is not msgspec.UNSET]
    table = Table(box=SIMPLE_HEAD)
    for field in fields:
        table.add_column(_heading(field), no_wrap=True)
    for name in figures.names:
        table.add_column(name, justify="right", no_wrap=True)
    last = "over time" if points else ""
    table.add_column(last, max_width=_BAR_WIDTH, min_width=_BAR_WIDTH // 3, no_wrap=bool(points))
    most = max(figures.size(group) for group in groups)
    starts = sorted({point.start for point in points})
    for group in groups:
        names = (_text(getattr(group, field)) for field in fields)
        shown: RenderableType = _bar(figures.size(group), most)
        if points:
            own = [point for point in points if _is_of(point, group, fields)]
            sizes = {point.start: figures.size(point) for point in own}
            shown = spark([sizes.get(start, 0) for start in starts])
        table.add_row(*names, *figures.texts(group), shown)
    console.print(table)


def spark(values: Sequence[float]) -> str:
    """Return a line of blocks, as many as there are values but no more than fit."""
    per = -(-len(values) // _BAR_WIDTH) or 1
    sums = [sum(values[index : index + per]) for index in range(0, len(values), per)]
    most = max(sums, default=0) or 1
    return "".join(_SPARKS[min(7, int(value / most * 8))] if value else " " for value in sums)


def _is_of(point: Point, group: Group, fields: Sequence[str]) -> bool:
    return all(getattr(point, field) == getattr(group, field) for field in fields)


def _heading(field: str) -> str:
    return {"funnel_stage": "stage", "event_type": "type"}.get(field, field.partition("_")[0])


def _text(value: str | None) -> str:
    if value is None:
        return "[dim]none[/]"
    return escape(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")


def _bar(value: float, most: float) -> RenderableType:
    return Bar(most, 0, value, color="cyan") if most else ""


def amount(text: str | None) -> str:
    """Write an amount with thousands set apart."""
    return "" if text is None else f"{Decimal(text):,f}"


def event_figures(total: int) -> Figures:
    """Return what is shown of groups of events, `total` of them in all."""

    def texts(group: EventGroup) -> tuple[str, ...]:
        return f"{group.count:,}", f"{group.count / total:.1%}"

    return Figures(("count", "share"), texts, lambda group: float(group.count))


def _revenue_texts(group: RevenueGroup) -> tuple[str, ...]:
    return (
        amount(group.total_revenue),
        f"{group.transaction_count:,}",
        amount(group.average_order_value),
    )


def _funnel_texts(group: FunnelGroup) -> tuple[str, ...]:
    rate = group.conversion.rate
    return (
        f"{group.events:,}",
        f"{group.stages.top.users:,}",
        f"{group.stages.bottom.users:,}",
        "" if rate is None else f"{rate:.2%}",
        amount(group.revenue),
        amount(group.revenue_per_user),
    )


REVENUE_FIGURES = Figures(
    ("revenue", "transactions", "average"),
    _revenue_texts,
    lambda group: float(group.total_revenue),
)
FUNNEL_FIGURES = Figures(
    ("events", "top users", "bottom users", "conversion", "revenue", "per user"),
    _funnel_texts,
    lambda group: float(group.events),
)
