"""The report `events`: how many, by source, stage and type."""

from shared.reports.answers import EventGroup, EventsAnswer
from shared.reports.parameters import FILTERS, FORMAT, RANGE, SERIES, grouping, paging
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.totals import range_of, read_freshness, read_totals


async def build(source: Store, selection: Selection) -> EventsAnswer:
    """Count the events of a selection."""
    connection = source.connection
    freshness = await read_freshness(connection, selection)
    totals = await read_totals(connection, selection, selection.types)
    return EventsAnswer(
        range=range_of(selection),
        as_of=freshness.as_of,
        freshness_seconds=freshness.seconds,
        total_events=sum(total.events for total in totals),
        groups=[
            EventGroup(
                source=total.kind.source,
                funnel_stage=total.kind.funnel_stage,
                event_type=total.kind.name,
                count=total.events,
            )
            for total in totals
        ],
    )


_DIMENSIONS = ("source", "funnelStage", "eventType", "country", "campaignId", "device")

EVENTS = Report(
    name="events",
    build=build,
    parameters=(*RANGE, *FILTERS, grouping(_DIMENSIONS), *SERIES, *paging("events"), FORMAT),
    group_by=("source", "funnelStage", "eventType"),
)
