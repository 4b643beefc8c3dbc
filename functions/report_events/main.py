"""report-events: `GET` answers the report `events`."""

from functools import partial

from shared.openapi.operations import Api
from shared.reports.events import EVENTS
from shared.reports.handler import ReportHandler, guarding
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.reports import describe_report  # noqa: PLC0415 - only when asked
    from shared.reports.answers import EventsAnswer  # noqa: PLC0415 - likewise

    return describe_report(
        EVENTS,
        EventsAnswer,
        "Events by source, stage, type, country, campaign and device, over time",
    )


function = Function("report-events", partial(ReportHandler, EVENTS), describe, guarding)
report_events = framework_target(function)
