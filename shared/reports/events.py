"""The report `events`: how many, by any dimensions, over time."""

from typing import Any

from shared.reports.answers import EventGroup, EventPoint, EventsAnswer
from shared.reports.groups import dimensions, next_cursor, series_of
from shared.reports.parameters import FILTERS, FORMAT, RANGE, SERIES, grouping, paging
from shared.reports.questions import Tally
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.tables import Table
from shared.reports.totals import range_of, read_starts, tally


async def build(source: Store, selection: Selection) -> EventsAnswer:
    """Count the events of a selection. Raises Problem."""
    connection, page = source.connection, selection.page("events")
    starts = await read_starts(connection, selection, selection.types)
    tallies = await tally(connection, source.facts, selection.question(starts), page)
    return EventsAnswer(
        range=range_of(selection),
        as_of=source.standing.as_of,
        freshness_seconds=source.standing.age,
        group_count=tallies.group_count,
        next_cursor=next_cursor(selection, page, tallies),
        total_events=tallies.total.events,
        groups=[EventGroup(**_members(selection, group)) for group in tallies.groups],
        series=series_of(selection, starts, tallies, EventPoint, _members),
    )


def _members(selection: Selection, group: Tally) -> dict[str, Any]:
    return {**dimensions(selection, group), "count": group.events}


_DIMENSIONS = ("source", "funnelStage", "eventType", "country", "campaignId", "device")

EVENTS = Report(
    name="events",
    build=build,
    parameters=(*RANGE, *FILTERS, grouping(_DIMENSIONS), *SERIES, *paging("events"), FORMAT),
    table=Table(EventGroup, EventPoint),
    group_by=("source", "funnelStage", "eventType"),
)
