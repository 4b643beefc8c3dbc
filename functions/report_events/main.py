"""report-events: `GET` answers the report `events`."""

from functools import partial

from shared.reports.events import EVENTS
from shared.reports.handler import ReportHandler
from shared.web import Function, framework_target

function = Function("report-events", partial(ReportHandler, EVENTS))
report_events = framework_target(function)
