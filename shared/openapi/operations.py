"""What a function declares of itself: its operations, in terms of the models that serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Model = Any
"""A msgspec type, or a JSON Schema as a mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A response: its media types and models."""

    status: int
    description: str
    content: Mapping[str, Model]
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path below the function; `problems` are codes of shared.errors."""

    method: str
    path: str
    name: str
    summary: str
    description: str = ""
    parameters: tuple[Schema, ...] = ()
    body: Mapping[str, Model] | None = None
    answers: tuple[Answered, ...]
    problems: tuple[str, ...] = ()
    scope: str = ""
    """The scope that a caller needs where AUTH asks for keys; '' for what anybody may."""
    signed: bool = False
    """A signature of the body does as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What a function serves; `place` is its path at the gateway.

    `models` are types that schemas refer to as components, by their names.
    """

    name: str
    description: str
    place: str
    operations: tuple[Operation, ...]
    models: tuple[Model, ...] = ()


ALWAYS = (
    "invalid_request",
    "method_not_allowed",
    "target_too_long",
    "head_too_large",
    "too_many_requests",
    "internal_error",
    "bad_gateway",
    "function_unavailable",
    "gateway_timeout",
)
"""Problems that any operation may end with."""
