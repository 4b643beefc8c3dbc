"""What the deadletter function declares of itself."""

from typing import Any

from functions.deadletter.requests import MOST_CHANGED, MOST_LETTERS, PAGE_LETTERS
from shared.dead_letters.letters import Summary
from shared.dead_letters.redrive import Left
from shared.dead_letters.selection import FILTERS
from shared.events.model import SOURCES
from shared.openapi.operations import Answered, Api, Operation

_FILTERS: dict[str, dict[str, Any]] = {
    "source": {"type": "string", "enum": [*SOURCES, "unknown"]},
    "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$", "examples": ["missing_field"]},
    "stage": {"type": "string", "enum": ["ingest", "consume"]},
    "from": {"type": "string", "examples": ["2026-01-31T12:00:00Z"]},
    "to": {"type": "string", "examples": ["2026-01-31T12:00:00Z"]},
}
_PAGING: dict[str, dict[str, Any]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST_LETTERS, "default": PAGE_LETTERS},
    "after": {"type": "integer", "minimum": 1},
    "order": {"type": "string", "enum": ["newest", "oldest"], "default": "newest"},
}
_AWAY = ("broker_unavailable",)
_BODY = ("empty_body", "invalid_json", "invalid_parameter", "request_timeout", "body_too_large")


def describe() -> Api:
    """Return what the deadletter function serves."""
    return Api(
        name="deadletter",
        description="Dead letters: events that could not be accepted or stored.",
        place="/function/deadletter",
        operations=(_list(), _show(), _change("redrive"), _change("drop")),
        models=(Summary, Left),
    )


def _list() -> Operation:
    page = {
        "type": "object",
        "required": ["letters", "next"],
        "properties": {
            "letters": {"type": "array", "items": {"$ref": "#/components/schemas/Summary"}},
            "next": {"type": ["integer", "null"], "description": "The `after` of the next page."},
        },
    }
    schemas = {name: _FILTERS[name] for name in FILTERS} | _PAGING
    return Operation(
        method="get",
        path="/",
        name="listDeadLetters",
        summary="List dead letters",
        parameters=tuple(
            {"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()
        ),
        answers=(Answered(status=200, description="A page.", content={"application/json": page}),),
        problems=("invalid_parameter", *_AWAY),
        scope="ops",
    )


def _show() -> Operation:
    sequence = {
        "name": "sequence",
        "in": "path",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": 10**18},
    }
    return Operation(
        method="get",
        path="/{sequence}",
        name="showDeadLetter",
        summary="Show a dead letter with its event",
        parameters=(sequence,),
        answers=(
            Answered(status=200, description="The letter.", content={"application/json": Summary}),
        ),
        problems=("not_found", *_AWAY),
        scope="ops",
    )


def _change(verb: str) -> Operation:
    properties = {
        **{name: {"oneOf": [_FILTERS[name], {"type": "null"}]} for name in FILTERS},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_CHANGED, "default": 1_000},
        "dryRun": {"type": "boolean", "default": False},
    }
    if verb == "redrive":
        properties["patch"] = {"type": "object", "description": "A JSON merge patch (RFC 7396)."}
    body = {"type": "object", "properties": properties, "additionalProperties": False}
    return Operation(
        method="post",
        path=f"/{verb}",
        name=f"{verb}DeadLetters",
        summary=f"{verb.title()} the dead letters that match",
        body={"application/json": body},
        answers=(
            Answered(
                status=200,
                description="How many letters matched and were done; `results` names some left.",
                content={"application/json": _outcome(verb)},
            ),
        ),
        problems=(*_BODY, *_AWAY, "stream_full", "no_event_accepted"),
        scope="ops",
    )


def _outcome(verb: str) -> dict[str, Any]:
    done = "redriven" if verb == "redrive" else "dropped"
    count = {"type": "integer", "minimum": 0}
    reason = {"type": "object", "properties": {"count": count}}
    return {
        "type": "object",
        "required": ["dryRun", "matched", done, "left", "results", "reasons", "more"],
        "properties": {
            "dryRun": {"type": "boolean"},
            "matched": count,
            done: count,
            "left": count,
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/Left"}},
            "reasons": {"type": "array", "items": reason},
            "more": {"type": "boolean"},
        },
    }
