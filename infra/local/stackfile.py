"""Reads infra/openfaas/stack.yaml, the file that faas-cli deploys, for the local platform.

Schema: https://docs.openfaas.com/reference/yaml/. `${NAME}` and `${NAME:-default}` stand for a
variable of the environment, as faas-cli substitutes them.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from infra.local.deployment import Deployment, Name, Resources, SecretName
from infra.local.specs import FunctionSpec, SpecError, spec_of

DEFAULT_STACK = Path(__file__).parents[1] / "openfaas" / "stack.yaml"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")

_Scalar = str | int | float | bool


class StackFileError(ValueError):
    """The stack file cannot be used; the message names the file and the place."""


class _Function(msgspec.Struct, kw_only=True):
    fprocess: str
    image: str = ""
    environment: dict[str, _Scalar] = {}
    secrets: list[SecretName] = []
    labels: dict[str, _Scalar] = {}
    annotations: dict[str, _Scalar] = {}
    constraints: list[str] = []
    limits: Resources | None = None
    requests: Resources | None = None
    readonly_root_filesystem: bool = False

    def deployment(self, name: str) -> Deployment:
        """Return what faas-cli would deploy of this (commands/deploy.go)."""
        return Deployment(
            service=name,
            image=_VARIABLE.sub(_substituted, self.image),
            env_process=self.fprocess,
            env_vars=_texts(self.environment),
            constraints=self.constraints or None,
            secrets=self.secrets or None,
            labels=_texts(self.labels),
            annotations=_texts(self.annotations),
            limits=self.limits,
            requests=self.requests,
            read_only_root_filesystem=self.readonly_root_filesystem,
        )


class _Stack(msgspec.Struct, kw_only=True):
    functions: dict[Name, _Function]


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
    try:
        return spec_of(given.deployment(name), idle)
    except SpecError as error:
        raise StackFileError(f"{path}: functions.{name}{error}") from error


def _substituted(found: re.Match[str]) -> str:
    return os.environ.get(found[1]) or found[2] or ""


def _texts(values: Mapping[str, _Scalar]) -> dict[str, str] | None:
    return {key: _text(value) for key, value in values.items()} or None


def _text(value: _Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
