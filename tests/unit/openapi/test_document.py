"""The OpenAPI document: no drift, nothing missing, and what it says is what functions read."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from builders import facebook, tiktok

from shared.events.model import EVENT_TYPES
from shared.openapi.document import document
from shared.openapi.whole import FILE, ROOT, apis, text
from shared.reports.demographics import DEMOGRAPHICS
from shared.reports.events import EVENTS
from shared.reports.funnel import FUNNEL
from shared.reports.report import Report
from shared.reports.revenue import REVENUE

WHOLE: dict[str, Any] = json.loads(text())
REPORTS = (DEMOGRAPHICS, EVENTS, FUNNEL, REVENUE)
UNDESCRIBED = {"report_dashboard"}
"""Functions that serve pages."""


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_committed_document_is_the_generated_one() -> None:
    assert FILE.read_bytes() == text(), "make schema"


def test_it_is_a_valid_openapi_document() -> None:
    schemathesis.openapi.from_dict(WHOLE).validate()
    assert WHOLE["openapi"].startswith("3.1.")


def test_every_function_is_there() -> None:
    roles = {path.parent.name.replace("_", "-") for path in ROOT.glob("functions/*/main.py")}
    assert {api.name for api in apis()} >= roles - {name.replace("_", "-") for name in UNDESCRIBED}


def test_references_lead_somewhere() -> None:
    for made in (WHOLE, *(document([api]) for api in apis())):
        known = made["components"]["schemas"]
        assert {ref.rpartition("/")[2] for ref in references(made)} <= set(known)
        json.dumps(made)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_parameters_are_those_that_are_read(report: Report) -> None:
    operation = WHOLE["paths"][f"/reports/{report.name}"]["get"]
    given = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    assert given == [parameter.name for parameter in report.parameters]
    for parameter in report.parameters:
        for value in parameter.schema.get("enum", ()):  # type: ignore[attr-defined]
            report.read(f"{parameter.name}={value}", None)


def test_every_event_fits_the_document() -> None:
    schema = {"$ref": "#/components/schemas/FacebookEvent", "components": WHOLE["components"]}
    facebook_validator = jsonschema.Draft202012Validator(schema)
    schema = {"$ref": "#/components/schemas/TiktokEvent", "components": WHOLE["components"]}
    tiktok_validator = jsonschema.Draft202012Validator(schema)
    for kind in EVENT_TYPES:
        if kind.source == "facebook":
            facebook_validator.validate(facebook(kind.name))
        else:
            tiktok_validator.validate(tiktok(kind.name))
    assert not facebook_validator.is_valid(tiktok("like"))
