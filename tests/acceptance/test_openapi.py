"""The stack does what its OpenAPI document says, whatever is asked of it."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from builders import facebook, tiktok
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS
from stack import Stack

DOCUMENT = json.loads((Path(__file__).parents[2] / "schema" / "openapi.json").read_text())
LEAST_CASES = 3_000
METHODS = {"get", "put", "post", "delete", "patch"}
ZONES = ("UTC", "Europe/Kyiv", "America/Havana", "Asia/Kathmandu")

schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.checks.negative_data_rejection.expected_statuses += ["414", "431"]
asked: Counter[str] = Counter()

UNSAID: list[Any] = CHECKS.get_by_names(["positive_data_acceptance"])
"""A schema does not say which values go together: a range has its limits in order, a cursor is of
one question, a time zone is one of six hundred."""


@pytest.fixture(scope="module")
def stocked(stack: Stack) -> Stack:
    """Return a stack with some events and dead letters."""
    stack.post([facebook(name) for name in ("ad.view", "checkout.complete")])
    stack.post([tiktok("purchase"), {"source": "tiktok"}, {"source": "facebook"}])
    return stack


def soften(case: schemathesis.Case[Any]) -> None:
    """Let more of what is meant well get past the parameters that no schema can describe."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "timezone" in case.query:
        case.query["timezone"] = ZONES[len(case.query["timezone"]) % len(ZONES)]
    if len(case.query.get("cursor", "")) % 3:
        del case.query["cursor"]


def documented(method: str, path: str) -> Callable[..., None]:
    """Return the test of one operation."""

    @schema.include(method=method, path=path).parametrize()
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    def test(case: schemathesis.Case[Any], stocked: Stack) -> None:
        asked[case.operation.label] += 1
        soften(case)
        gateway = stocked.urls["gateway"]
        case.call_and_validate(base_url=gateway, timeout=20, excluded_checks=UNSAID)

    return test  # type: ignore[no-any-return]


# A name for each: those that schemathesis itself makes are all the same, and of tests of the same
# name xdist runs one.
for path, item in DOCUMENT["paths"].items():
    for operation in sorted(item.keys() & METHODS):
        name = f"test_{operation}_{re.sub(r'[^a-z]+', '_', path).strip('_')}"
        globals()[name] = documented(operation.upper(), path)


def test_enough_was_asked() -> None:
    assert asked.total() >= LEAST_CASES, asked
