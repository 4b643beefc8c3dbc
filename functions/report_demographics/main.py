"""report-demographics: `GET` answers the report `demographics`."""

from functools import partial

from shared.openapi.operations import Api
from shared.reports.demographics import DEMOGRAPHICS
from shared.reports.handler import ReportHandler, guarding
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.reports import describe_report  # noqa: PLC0415 - only when asked
    from shared.reports.answers import DemographicsAnswer  # noqa: PLC0415 - likewise

    return describe_report(DEMOGRAPHICS, DemographicsAnswer, "Who the events come from")


function = Function("report-demographics", partial(ReportHandler, DEMOGRAPHICS), describe, guarding)
report_demographics = framework_target(function)
