"""report-revenue: `GET` answers the report `revenue`."""

from functools import partial

from shared.reports.handler import ReportHandler
from shared.reports.revenue import REVENUE
from shared.web import Function, framework_target

function = Function("report-revenue", partial(ReportHandler, REVENUE))
report_revenue = framework_target(function)
