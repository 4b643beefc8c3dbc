"""report-demographics: `GET` answers the report `demographics`."""

from functools import partial

from shared.reports.demographics import DEMOGRAPHICS
from shared.reports.handler import ReportHandler
from shared.web import Function, framework_target

function = Function("report-demographics", partial(ReportHandler, DEMOGRAPHICS))
report_demographics = framework_target(function)
