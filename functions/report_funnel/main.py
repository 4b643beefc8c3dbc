"""report-funnel: `GET` answers the report `funnel`."""

from functools import partial

from shared.reports.funnel import FUNNEL
from shared.reports.handler import ReportHandler
from shared.web import Function, framework_target

function = Function("report-funnel", partial(ReportHandler, FUNNEL))
report_funnel = framework_target(function)
