"""report-revenue: `GET` answers the report `revenue`."""

from functools import partial

from shared.openapi.operations import Api
from shared.reports.handler import ReportHandler, guarding
from shared.reports.revenue import REVENUE
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.reports import describe_report  # noqa: PLC0415 - only when asked
    from shared.reports.answers import RevenueAnswer  # noqa: PLC0415 - likewise

    return describe_report(
        REVENUE, RevenueAnswer, "Revenue by source, type, campaign, country and item, over time"
    )


function = Function("report-revenue", partial(ReportHandler, REVENUE), describe, guarding)
report_revenue = framework_target(function)
