"""What the collectors serve."""

from typing import Any

from shared.batch import BatchAnswer
from shared.cloudevents import BATCH_TYPE, STRUCTURED_TYPE
from shared.events.model import SOURCES, Source
from shared.events.schema import event_schema
from shared.openapi.operations import Answered, Api, Operation, Schema

_PROBLEMS = (
    "invalid_credentials",
    "invalid_batch",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "event_rejected",
    "undeliverable",
    "database_unavailable",
    "database_full",
)


def describe_collector(source: Source, name: str) -> Api:
    """Return what the collector of a source serves."""
    message = _cloud_event(source)
    return Api(
        name=name,
        description=f"Stores packed messages of {source} events, each event once.",
        place=f"/function/{name}",
        operations=(
            Operation(
                method="post",
                path="/",
                name=name.title().replace("-", ""),
                summary=f"Store {source} events",
                description="Takes CloudEvents 1.0, each with the events of one packed message. "
                "A single one, also in binary mode, is answered 202, or it is a problem.",
                body={BATCH_TYPE: {"type": "array", "items": message}, STRUCTURED_TYPE: message},
                answers=(
                    Answered(
                        status=200,
                        description="Which messages and events failed; all others are stored.",
                        content={"application/json": BatchAnswer},
                    ),
                    Answered(
                        status=202, description="The single CloudEvent is stored.", content={}
                    ),
                ),
                problems=_PROBLEMS,
            ),
        ),
    )


def _cloud_event(source: Source) -> Schema:
    return {
        "type": "object",
        "required": ["id", "source", "type", "data"],
        "properties": {
            "specversion": {"type": "string", "pattern": r"^1\.[0-9]+$"},
            "id": {"type": "string", "minLength": 1, "maxLength": 256, "examples": ["EVENTS:42"]},
            "source": {"type": "string"},
            "type": {"type": "string", "examples": [f"hookstream.events.{source}"]},
            "time": {"type": ["string", "null"], "format": "date-time"},
            "data": {
                "description": f"An array of {_title(source)}, or one; the answer names others."
            },
        },
        "$defs": event_definitions(source),
    }


def event_definitions(source: Source) -> dict[str, Any]:
    """Return the definitions of a source's events, the event itself among them."""
    schema = dict(event_schema(source))
    definitions = schema.pop("$defs")
    own = {name: part for name, part in schema.items() if name not in {"$schema", "$id"}}
    return {**definitions, _title(source): own}


def any_event() -> dict[str, Any]:
    """Return the schema of an event of any source."""
    return {"oneOf": [{"$ref": f"#/$defs/{_title(source)}"} for source in SOURCES]}


def _title(source: str) -> str:
    return f"{source.title()}Event"
