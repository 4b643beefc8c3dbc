"""report-funnel: `GET` answers the report `funnel`."""

from functools import partial

from shared.openapi.operations import Api
from shared.reports.funnel import FUNNEL
from shared.reports.handler import ReportHandler, guarding
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.reports import describe_report  # noqa: PLC0415 - only when asked
    from shared.reports.answers import FunnelAnswer  # noqa: PLC0415 - likewise

    return describe_report(
        FUNNEL, FunnelAnswer, "Conversion from the top of the funnel to its bottom, over time"
    )


function = Function("report-funnel", partial(ReportHandler, FUNNEL), describe, guarding)
report_funnel = framework_target(function)
