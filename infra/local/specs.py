"""What the platform makes of a deployment: a command line, its surroundings and how it scales.

Scaling comes from the labels `com.openfaas.scale.min` and `.max`; what OpenFaaS Community Edition
refuses as a label is an annotation of our own, `hookstream/…`.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from infra.local.deployment import Deployment

_PREFIX = "hookstream/"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class SpecError(ValueError):
    """The deployment cannot be run; the text names the place within it, to follow its name."""


class _Scaling(msgspec.Struct, kw_only=True, rename="kebab"):
    """Our annotations, without their prefix; numbers and durations come as text."""

    scale_min: Annotated[int, Meta(ge=0)] | None = None
    scale_target: Annotated[int, Meta(ge=1)] = 8
    scale_to_zero_after: str = "15s"
    timeout: str = "60s"
    max_inflight: Annotated[int, Meta(ge=1)] = 1024


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function as it runs. `idle` and `timeout` are in seconds.

    `created` is in seconds since the epoch; a greater `generation` is a later deployment of the
    same stack.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    secrets: Sequence[str]
    minimum: int
    maximum: int
    target: int
    idle: float
    timeout: float
    max_inflight: int
    deployment: Deployment
    created: float = 0.0
    generation: int = 0


def spec_of(deployment: Deployment, idle: float | None = None) -> FunctionSpec:
    """Return how a deployment runs. Raises SpecError.

    `idle` (seconds) replaces the idle time of a function that scales to zero.
    """
    scaling = _scaling(deployment.annotations or {})
    minimum = _label(deployment, "com.openfaas.scale.min", 1)
    maximum = _label(deployment, "com.openfaas.scale.max", max(1, minimum))
    minimum = minimum if scaling.scale_min is None else scaling.scale_min
    if not minimum <= maximum or maximum < 1:
        raise SpecError(f": at least {minimum} and at most {maximum} replicas")
    after = _seconds(scaling.scale_to_zero_after)
    return FunctionSpec(
        name=deployment.service,
        argv=_arguments(deployment.env_process),
        environment=deployment.env_vars or {},
        secrets=tuple(deployment.secrets or ()),
        minimum=minimum,
        maximum=maximum,
        target=scaling.scale_target,
        idle=after if idle is None or minimum > 0 else idle,
        timeout=_seconds(scaling.timeout),
        max_inflight=scaling.max_inflight,
        deployment=deployment,
    )


def _arguments(process: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(process))
    except ValueError as error:
        raise SpecError(f": {process!r} is no command line: {error}") from error


def _scaling(annotations: Mapping[str, str]) -> _Scaling:
    ours = {k.removeprefix(_PREFIX): v for k, v in annotations.items() if k.startswith(_PREFIX)}
    unknown = ours.keys() - set(_Scaling.__struct_encode_fields__)
    if unknown:
        raise SpecError(f": unknown annotation {_PREFIX}{min(unknown)}")
    try:
        return msgspec.convert(ours, _Scaling, strict=False)
    except msgspec.ValidationError as error:
        raise SpecError(f".annotations: {error}") from error


def _label(deployment: Deployment, label: str, default: int) -> int:
    text = (deployment.labels or {}).get(label, str(default))
    if not text.isdecimal():
        raise SpecError(f".labels: {label} is not a number")
    return int(text)


def _seconds(text: str) -> float:
    found = _DURATION.match(text)
    if found is None:
        raise SpecError(f": {text!r} is no duration such as 15s, 500ms or 5m")
    return float(found[1]) * _UNITS[found[2]]
