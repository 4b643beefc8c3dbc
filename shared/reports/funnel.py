"""The report `funnel`: how many users do what, how many go on to the bottom, and what they pay."""

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from shared.events.model import EVENT_TYPES
from shared.reports.answers import (
    Conversion,
    FunnelAnswer,
    FunnelGroup,
    FunnelPoint,
    Stages,
    Step,
    TypeStep,
)
from shared.reports.figures import average_money, money, share
from shared.reports.groups import dimensions, next_cursor
from shared.reports.parameters import FILTERS, FORMAT, RANGE, SERIES, grouping, paging
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.tables import Table
from shared.reports.totals import range_of, read_starts

if TYPE_CHECKING:
    from shared.reports.facts.funnels import Funnel


async def build(source: Store, selection: Selection) -> FunnelAnswer:
    """Describe the funnels of a selection.

    Raises Problem rows_expired, segments_behind, selection_too_large or invalid_parameter.
    """
    connection, page = source.connection, selection.page("events")
    starts = await read_starts(connection, selection, selection.types)
    found = await source.facts.funnels(connection, selection.question(starts), page)
    local = [start.astimezone(selection.zone) for start in starts]
    return FunnelAnswer(
        range=range_of(selection),
        as_of=source.standing.as_of,
        freshness_seconds=source.standing.age,
        group_count=found.tallies.group_count,
        next_cursor=next_cursor(selection, page, found.tallies),
        exact=True,
        groups=[FunnelGroup(**_members(selection, group)) for group in found.groups],
        series=UNSET
        if selection.interval is None
        else [
            FunnelPoint(start=local[point.tally.start or 0], **_members(selection, point))
            for point in found.series
        ],
    )


def _members(selection: Selection, funnel: "Funnel") -> dict[str, Any]:
    tally, stages = funnel.tally, funnel.stages
    top, bottom = (Step(events=s.events, users=s.users) for s in (stages["top"], stages["bottom"]))
    return {
        **dimensions(selection, tally),
        "users": funnel.users,
        "events": tally.events,
        "stages": Stages(top=top, bottom=bottom),
        "types": _types(funnel),
        "conversion": Conversion(
            users=funnel.both, rate=share(funnel.both, top.users) if top.users else None
        ),
        "revenue": money(tally.revenue),
        "transaction_count": tally.transactions,
        "revenue_per_user": average_money(tally.revenue, funnel.users),
    }


def _types(funnel: "Funnel") -> list[TypeStep]:
    """Return the types that have events, as the type table has them."""
    return [
        TypeStep(
            source=kind.source,
            funnel_stage=kind.funnel_stage,
            event_type=kind.name,
            events=funnel.types[kind.id].events,
            users=funnel.types[kind.id].users,
        )
        for kind in EVENT_TYPES
        if kind.id in funnel.types
    ]


_DIMENSIONS = ("source", "campaignId", "country")

FUNNEL = Report(
    name="funnel",
    build=build,
    parameters=(*RANGE, *FILTERS, grouping(_DIMENSIONS), *SERIES, *paging("events"), FORMAT),
    table=Table(FunnelGroup, FunnelPoint),
    group_by=("source",),
    costly=True,
)
