"""Makes an OpenAPI document of what functions declare."""

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from shared.errors import ERRORS, PROBLEM_TYPE
from shared.openapi.operations import ALWAYS, Answered, Api, Model, Operation
from shared.openapi.security import refusals, security, security_schemes

VERSION = "3.1.1"
_REFERENCE = "#/components/schemas/{name}"
_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:hookstream:error:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(ERRORS)},
        "detail": {"type": "string", "description": "What to do."},
        "parameter": {"type": "string"},
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The values that `parameter` takes, or examples of them.",
        },
        "correlationId": {"type": "string"},
    },
}


def document(apis: Iterable[Api], *, whole: bool = False) -> dict[str, Any]:
    """Return the document of functions: of one below its own root, or `whole` at the gateway."""
    known = list(apis)
    models = _Models(known)
    paths: dict[str, dict[str, Any]] = {}
    for api in known:
        for operation in api.operations:
            place = f"{api.place}{operation.path}".rstrip("/") if whole else operation.path
            paths.setdefault(place, {})[operation.method] = _operation(api, operation, models)
    return {
        "openapi": VERSION,
        "info": {
            "title": "hookstream" if whole else known[0].name,
            "version": "1",
            "description": "Every function at the gateway." if whole else known[0].description,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/" if whole else "."}],
        "tags": [{"name": api.name, "description": api.description} for api in known],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **models.components},
            "securitySchemes": security_schemes(known),
        },
    }


class _Models:
    """The schemas of all models, those of msgspec types by name."""

    def __init__(self, apis: Iterable[Api]) -> None:
        types: list[Any] = []
        for model in _models(apis):
            if not isinstance(model, Mapping) and model not in types:
                types.append(model)
        schemas, found = msgspec.json.schema_components(types, ref_template=_REFERENCE)
        self._types = types
        self._schemas = schemas
        self.components: dict[str, Any] = _portable(dict(sorted(found.items())))

    def schema(self, model: Model) -> Mapping[str, Any]:
        """Return a model's schema; the definitions that it brings become components."""
        if not isinstance(model, Mapping):
            return self._schemas[self._types.index(model)]
        own = {
            name: part for name, part in model.items() if name not in {"$schema", "$id", "$defs"}
        }
        self.components.update(_moved(model.get("$defs", {})))
        return _moved(own)  # type: ignore[no-any-return]  # a mapping stays one


def _models(apis: Iterable[Api]) -> Iterator[Model]:
    for api in apis:
        yield from api.models
        for operation in api.operations:
            yield from (operation.body or {}).values()
            for answer in operation.answers:
                yield from answer.content.values()


def _operation(api: Api, operation: Operation, models: _Models) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [api.name],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": list(operation.parameters),
        "responses": {
            **{str(answer.status): _answer(answer, models) for answer in operation.answers},
            **_problems(operation),
        },
    }
    described |= security(operation)
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body, models)}
    return {name: part for name, part in described.items() if part}


def _answer(answer: Answered, models: _Models) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.content:
        described["content"] = _content(answer.content, models)
    if answer.headers:
        described["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in answer.headers.items()
        }
    return described


def _content(content: Mapping[str, Model], models: _Models) -> dict[str, Any]:
    return {media: {"schema": models.schema(model)} for media, model in content.items()}


def _problems(operation: Operation) -> dict[str, Any]:
    """Return the responses that are problems, by status."""
    taken = {answer.status for answer in operation.answers}
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*operation.problems, *refusals(operation), *ALWAYS)):
        by_status.setdefault(ERRORS[code].status, []).append(code)
    return {
        str(status): {
            "description": ". ".join(ERRORS[code].title for code in codes),
            "content": {
                PROBLEM_TYPE: {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Problem"},
                            {"properties": {"code": {"enum": codes}}},
                        ]
                    }
                }
            },
        }
        for status, codes in sorted(by_status.items())
        if status not in taken
    }


def _moved(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Turn references to a schema's own definitions into references to components."""
    if isinstance(node, Mapping):
        return {key: _moved(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_moved(value) for value in node]
    return node.replace("#/$defs/", "#/components/schemas/") if isinstance(node, str) else node


def _portable(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Turn Python's regex anchors into ECMA 262's, which JSON Schema uses; docstrings into text.

    Python has taken the indentation out of docstrings itself since 3.13.
    """
    if isinstance(node, Mapping):
        return {key: _portable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_portable(value) for value in node]
    if not isinstance(node, str):
        return node
    return cleandoc(node) if "\n" in node else node.replace(r"\A", "^").replace(r"\Z", "$")


def render(made: Mapping[str, Any]) -> bytes:
    """Return a document's text, members in the order in which they stand."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"
