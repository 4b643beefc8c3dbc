"""What a report function serves, by the tables that it reads requests with."""

from collections.abc import Mapping
from typing import Any

from shared.openapi.operations import Answered, Api, Operation
from shared.reports.answers import Answer
from shared.reports.negotiation import MEDIA_TYPES
from shared.reports.parameters import Parameter
from shared.reports.report import Report

_HEADERS = {
    "ETag": "Weak tag of the figures; hand it back in If-None-Match.",
    "Cache-Control": "no-cache: ask again, with the tag.",
    "Vary": "Accept",
}
_PAGED = {"Link": 'Where there are more groups: the next page, rel="next".'}
_TABLE = {
    "Content-Disposition": "A name for the file.",
    "X-As-Of": "Every event accepted before this moment is in the answer.",
    "X-Freshness-Seconds": "Age of X-As-Of.",
    "X-Range-From": "The range's beginning, if it has one.",
    "X-Range-To": "The range's end, if it has one.",
}
_PROBLEMS = (
    "invalid_parameter",
    "rows_expired",
    "segments_behind",
    "selection_too_large",
    "not_acceptable",
    "database_unavailable",
    "query_timeout",
)


def describe_report(report: Report, answer: type[Answer], summary: str) -> Api:
    """Return what a report's function serves."""
    paged = any(parameter.name == "cursor" for parameter in report.parameters)
    name = f"report{report.name.title()}"
    known = {
        "name": "If-None-Match",
        "in": "header",
        "description": "Tags of answers that the caller has.",
        "schema": {"type": "string"},
    }
    headers = {**_HEADERS, **(_PAGED if paged else {}), **_TABLE}
    operation = Operation(
        method="get",
        path="/",
        name=name,
        summary=summary,
        parameters=(*(_parameter(report, each) for each in report.parameters), known),
        answers=(
            Answered(status=200, description=summary, content=_forms(answer), headers=headers),
            Answered(status=304, description="The caller has the answer.", content={}),
        ),
        problems=_PROBLEMS,
        scope="report",
    )
    return Api(
        name=f"report-{report.name}",
        description=summary,
        place=f"/reports/{report.name}",
        operations=(operation,),
    )


def _forms(answer: type[Answer]) -> dict[str, Any]:
    text = {"type": "string"}
    binary: dict[str, Any] = {}
    return {
        MEDIA_TYPES["json"]: answer,
        MEDIA_TYPES["csv"]: text,
        MEDIA_TYPES["ndjson"]: text,
        MEDIA_TYPES["parquet"]: binary,
    }


def _parameter(report: Report, parameter: Parameter) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = parameter.schema
    if parameter.many is not None:
        schema = {"type": "array", "items": schema, "minItems": 1}
        if parameter.field == "group_by":
            schema = {**schema, "default": list(report.group_by)}
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": schema,
    }
    if parameter.many is not None:
        described |= {"style": "form", "explode": True}
    return described
