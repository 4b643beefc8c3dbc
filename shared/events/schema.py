"""JSON Schema of the events, generated from the very types that validate them.

`python -m shared.events.schema` writes schema/events/*.schema.json; a test fails on drift.
Dialect: https://json-schema.org/draft/2020-12.
"""

from pathlib import Path
from typing import Any

import msgspec

from shared.events.model import EVENT_TYPES, SOURCES, Data, Envelope, EventType, Source

FOLDER = Path(__file__).resolve().parents[2] / "schema" / "events"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{name}"


def event_schema(source: Source) -> dict[str, Any]:
    """Return the schema of one source's events: one branch for each stage."""
    types = [t for t in EVENT_TYPES if t.source == source]
    variants: dict[type[Data], list[EventType]] = {}
    for event_type in types:
        variants.setdefault(event_type.data, []).append(event_type)
    references, definitions = msgspec.json.schema_components(
        [Envelope, *variants], ref_template=_REFERENCE
    )
    envelope = definitions.pop("Envelope")
    branches = [
        _branch(envelope, members, reference)
        for members, reference in zip(variants.values(), references[1:], strict=True)
    ]
    return {
        "$schema": _DIALECT,
        "$id": f"urn:hookstream:event:{source}",
        "title": f"{source} event",
        "oneOf": branches,
        "$defs": _portable(definitions),
    }


def _branch(
    envelope: dict[str, Any], members: list[EventType], data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "object",
        "required": envelope["required"],
        "properties": {
            **envelope["properties"],
            "source": {"const": members[0].source},
            "funnelStage": {"const": members[0].funnel_stage},
            "eventType": {"enum": [member.name for member in members]},
            "data": data,
        },
    }


def _portable(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Turn Python's regex anchors into ECMA 262's, which JSON Schema uses."""
    if isinstance(node, dict):
        return {key: _portable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_portable(value) for value in node]
    if isinstance(node, str):
        return node.replace(r"\A", "^").replace(r"\Z", "$")
    return node


def render(source: Source) -> str:
    """Return the file's text."""
    encoded = msgspec.json.encode(event_schema(source), order="deterministic")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def main() -> None:
    """Write the schema files."""
    for source in SOURCES:
        (FOLDER / f"{source}.schema.json").write_text(render(source))


if __name__ == "__main__":
    main()
