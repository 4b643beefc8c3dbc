"""The functions of a stack: those of its file, as the provider API has changed them since.

Each change is a file of the state directory before it takes effect, so `up` finds what `down`, or
a kill at any moment, left. It outlives changes of the stack file, too.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from infra.local.control import DEPLOYMENT_LIMIT
from infra.local.deployment import Deployment
from infra.local.ports import write_atomically
from infra.local.roles import Roles
from infra.local.secrets import Secrets
from infra.local.specs import FunctionSpec, SpecError, spec_of
from infra.local.stackfile import StackFileError
from shared.errors import Problem

_MOST = 200
_RESERVED = ("LD_", "DYLD_", "PYTHON", "PROMETHEUS_", "LISTEN_FD", "SECRETS_DIR")
"""Variables that would choose other code than the role's, or are the platform's own."""


class _Record(msgspec.Struct):
    """What the API made of a function: deployed at a time, or removed (None)."""

    deployment: Deployment | None
    created: float


class Deployments:
    """Keeps the functions; `specs` has them by name and changes in place.

    `idle` (seconds) replaces the idle time of functions that scale to zero.
    """

    def __init__(
        self,
        folder: Path,
        stack: Mapping[str, FunctionSpec],
        secrets: Secrets,
        idle: float | None = None,
    ) -> None:
        now = time.time()
        self.specs = {name: replace(spec, created=now) for name, spec in stack.items()}
        self._stack = frozenset(stack)
        self._roles = Roles(stack.values())
        self._folder = folder
        self._secrets = secrets
        self._idle = idle
        self._generation = 0
        self._deployed: set[str] = set()

    def restore(self) -> None:
        """Take in what the API changed earlier. Raises StackFileError."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                record = msgspec.json.decode(path.read_bytes(), type=_Record)
                if record.deployment is None:
                    self.specs.pop(path.stem, None)
                else:
                    self._enter(self._spec(record.deployment), record.created)
            except (msgspec.DecodeError, SpecError) as error:
                hint = "remove the file to forget that deployment"
                raise StackFileError(f"{path}: {error}; {hint}") from error

    def is_deployed(self, name: str) -> bool:
        """Say whether a function was deployed by the API, not by the stack file alone."""
        return name in self._deployed

    def deploy(self, deployment: Deployment, *, new: bool) -> FunctionSpec:
        """Create or update a function. Raises Problem and OSError, and nothing has changed then."""
        name = deployment.service
        known = self.specs.get(name)
        if new and known is not None:
            raise Problem("already_exists", f"Function {name} exists already; update it (PUT).")
        if not new and known is None:
            raise Problem("not_found", f"There is no function {name}.")
        if len(self.specs) >= _MOST and known is None:
            raise Problem("invalid_parameter", f"There are {_MOST} functions already.")
        try:
            spec = self._spec(deployment)
        except SpecError as error:
            raise Problem("invalid_parameter", str(error).lstrip(":. ")) from error
        for secret in spec.secrets:
            if not self._secrets.exists(secret):
                raise Problem("invalid_parameter", f"There is no secret {secret}; create it first.")
        created = time.time() if known is None else known.created
        self._write(name, _Record(deployment, created))
        return self._enter(spec, created)

    def remove(self, name: str) -> None:
        """Remove a function. Raises Problem and OSError, and nothing has changed then."""
        if name not in self.specs:
            raise Problem("not_found", f"There is no function {name}.")
        if name in self._stack:
            self._write(name, _Record(None, time.time()))
        else:
            self._path(name).unlink(missing_ok=True)
        del self.specs[name]
        self._deployed.discard(name)

    def _spec(self, deployment: Deployment) -> FunctionSpec:
        for variable in deployment.env_vars or {}:
            if variable.startswith(_RESERVED):
                raise SpecError(f".envVars: {variable} is not for functions to set")
        if len(msgspec.json.encode(deployment)) > DEPLOYMENT_LIMIT:
            raise SpecError(f": a deployment has at most {DEPLOYMENT_LIMIT} bytes of JSON")
        program = self._roles.program(deployment)
        return replace(spec_of(deployment, self._idle), argv=program)

    def _enter(self, spec: FunctionSpec, created: float) -> FunctionSpec:
        self._generation += 1
        spec = replace(spec, created=created, generation=self._generation)
        self.specs[spec.name] = spec
        self._deployed.add(spec.name)
        return spec

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _write(self, name: str, record: _Record) -> None:
        write_atomically(self._path(name), msgspec.json.encode(record))
