"""The report `events`: how many, by source, stage and type."""

from shared.reports.answers import EventGroup, EventsAnswer
from shared.reports.handler import Report
from shared.reports.parameters import Selection
from shared.reports.totals import range_of, read_freshness, read_totals
from shared.store.pool import Connection


async def build(connection: Connection, selection: Selection) -> EventsAnswer:
    """Count the events of a selection."""
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


EVENTS = Report("events", build)
