"""CloudEvents over HTTP: the content mode of a request, and the attributes in its headers.

Source: https://github.com/cloudevents/spec, version 1.0.2, bindings/http-protocol-binding.md
(here HTTP) and formats/json-format.md (here JSON). What brokers make of an answer:
https://github.com/knative/specs, specs/eventing/data-plane.md (here Knative).
"""

import re
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from urllib.parse import unquote

BATCH_TYPE = "application/cloudevents-batch+json"
STRUCTURED_TYPE = "application/cloudevents+json"

_ANY_FORMAT = "application/cloudevents"
_PREFIX = "ce-"
_BACKSLASHED = re.compile(r"\\(.)", re.DOTALL)
_TRIED_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Statuses below 500 on which every broker delivers once more. Knative has 404 and 409 as well,
eventing-natss (pkg/broker/filter/handler.go) has 408 in place of them."""


class Mode(Enum):
    """How events are in a request (HTTP 1.3); of the formats JSON alone is understood."""

    BATCHED = "batched"
    STRUCTURED = "structured"
    BINARY = "binary"


def mode_of(headers: Mapping[str, str]) -> Mode | None:
    """Return a request's mode (HTTP 3), None if it holds no CloudEvent of a known format.

    Names of headers are lower case.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == BATCH_TYPE:
        return Mode.BATCHED
    if media_type == STRUCTURED_TYPE:
        return Mode.STRUCTURED
    if media_type.startswith(_ANY_FORMAT) or f"{_PREFIX}id" not in headers:
        return None
    return Mode.BINARY


def header_attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that headers carry in binary mode (HTTP 3.1.3).

    An empty one is none: attributes are never empty, but eventing-natss sends ce-traceparent and
    ce-tracestate with nothing in them. Raises UnicodeDecodeError for what is no UTF-8.
    """
    return {
        name.removeprefix(_PREFIX): _unescaped(value)
        for name, value in headers.items()
        if name.startswith(_PREFIX) and value
    }


def _unescaped(value: str) -> str:
    """Undo quotes, then a single round of percent-encoding (HTTP 3.1.3.2)."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = _BACKSLASHED.sub(r"\1", value[1:-1])
    return unquote(value, errors="strict")


def from_broker(headers: Mapping[str, str]) -> bool:
    """Say whether a broker or channel delivers: these say that they take replies (Knative)."""
    preferences = headers.get("prefer", "").split(",")
    return any(preference.strip().lower() == "reply" for preference in preferences)


def is_final(status: int) -> bool:
    """Say whether a broker gives an event up on this status, without a dead letter (Knative)."""
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRIED_AGAIN
