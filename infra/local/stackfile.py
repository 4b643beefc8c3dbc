"""Reads infra/openfaas/stack.yaml, the file that faas-cli deploys, for the local platform.

Schema: https://docs.openfaas.com/reference/yaml/. Scaling comes from the labels
`com.openfaas.scale.min` and `.max`; what OpenFaaS Community Edition refuses as a label is an
annotation of our own, `hookstream/…`.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

DEFAULT_STACK = Path(__file__).parents[1] / "openfaas" / "stack.yaml"

_PREFIX = "hookstream/"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"

_Text = str | int | float | bool


class StackFileError(ValueError):
    """The stack file cannot be used; the message names the file and the place."""


class _Scaling(msgspec.Struct, kw_only=True, rename="kebab"):
    """Our annotations, without their prefix; numbers and durations come as text."""

    scale_min: Annotated[int, Meta(ge=0)] | None = None
    scale_target: Annotated[int, Meta(ge=1)] = 8
    scale_to_zero_after: str = "15s"
    timeout: str = "60s"
    max_inflight: Annotated[int, Meta(ge=1)] = 1024


class _Function(msgspec.Struct, kw_only=True):
    fprocess: str
    environment: dict[str, _Text] = {}
    secrets: list[str] = []
    labels: dict[str, _Text] = {}
    annotations: dict[str, _Text] = {}


class _Stack(msgspec.Struct, kw_only=True):
    functions: dict[Annotated[str, Meta(pattern=_NAME)], _Function]


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function of the stack file. `idle` and `timeout` are in seconds."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    minimum: int
    maximum: int
    target: int
    idle: float
    timeout: float
    max_inflight: int


def read_stack(path: Path, idle: float | None = None) -> dict[str, FunctionSpec]:
    """Return the functions of a stack file by name.

    `idle` (seconds) replaces the idle time of every function that scales to zero. Raises
    StackFileError.
    """
    try:
        stack = msgspec.yaml.decode(path.read_bytes(), type=_Stack, strict=False)
    except FileNotFoundError as error:
        raise StackFileError(f"{path} does not exist") from error
    except msgspec.DecodeError as error:
        raise StackFileError(f"{path}: {error}") from error
    return {name: _spec(path, name, given, idle) for name, given in stack.functions.items()}


def _spec(path: Path, name: str, given: _Function, idle: float | None) -> FunctionSpec:
    place = f"{path}: functions.{name}"
    scaling = _scaling(place, given.annotations)
    minimum = _label(place, given, "com.openfaas.scale.min", 1)
    maximum = _label(place, given, "com.openfaas.scale.max", max(1, minimum))
    minimum = minimum if scaling.scale_min is None else scaling.scale_min
    if not minimum <= maximum or maximum < 1:
        raise StackFileError(f"{place}: at least {minimum} and at most {maximum} replicas")
    after = _seconds(place, scaling.scale_to_zero_after)
    return FunctionSpec(
        name=name,
        argv=tuple(shlex.split(given.fprocess)),
        environment={key: _text(value) for key, value in given.environment.items()},
        secrets=tuple(given.secrets),
        minimum=minimum,
        maximum=maximum,
        target=scaling.scale_target,
        idle=after if idle is None or minimum > 0 else idle,
        timeout=_seconds(place, scaling.timeout),
        max_inflight=scaling.max_inflight,
    )


def _scaling(place: str, annotations: Mapping[str, _Text]) -> _Scaling:
    ours = {k.removeprefix(_PREFIX): v for k, v in annotations.items() if k.startswith(_PREFIX)}
    unknown = ours.keys() - set(_Scaling.__struct_encode_fields__)
    if unknown:
        raise StackFileError(f"{place}: unknown annotation {_PREFIX}{min(unknown)}")
    try:
        return msgspec.convert({k: _text(v) for k, v in ours.items()}, _Scaling, strict=False)
    except msgspec.ValidationError as error:
        raise StackFileError(f"{place}.annotations: {error}") from error


def _label(place: str, given: _Function, label: str, default: int) -> int:
    text = _text(given.labels.get(label, default))
    if not text.isdecimal():
        raise StackFileError(f"{place}.labels: {label} is not a number")
    return int(text)


def _seconds(place: str, text: str) -> float:
    found = _DURATION.match(text)
    if found is None:
        raise StackFileError(f"{place}: {text!r} is no duration such as 15s, 500ms or 5m")
    return float(found[1]) * _UNITS[found[2]]


def _text(value: _Text) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
