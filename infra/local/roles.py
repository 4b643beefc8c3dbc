"""The programs that a deployment may run here: the project's roles, and what the stack file runs.

An image cannot be run as a process, and whoever reaches the API must not choose any command, so a
deployment only says which of these it is.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from infra.local.deployment import Deployment
from infra.local.specs import FunctionSpec, SpecError

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_PYTHONS = {"python", "python3"}


class Roles:
    """Finds the command line of a deployment."""

    def __init__(self, stack: Iterable[FunctionSpec]) -> None:
        roles = (path.parent.name.replace("_", "-") for path in _FUNCTIONS.glob("*/main.py"))
        self._programs: dict[str, tuple[str, ...]] = {
            role: ("python", "-m", "shared.serve", role) for role in roles
        }
        self._programs |= {spec.name: _plain(spec.argv) for spec in stack}

    def program(self, deployment: Deployment) -> tuple[str, ...]:
        """Return the command line of a deployment.

        It is that of `envProcess`, else of the variable `fprocess` (the watchdog's), else of the
        role in the variable ROLE, or that the image or the function is named after. Raises
        SpecError.
        """
        variables = deployment.env_vars or {}
        process = deployment.env_process or variables.get("fprocess", "")
        if process:
            return self._known(deployment.service, process)
        if role := variables.get("ROLE", ""):
            if role in self._programs:
                return self._programs[role]
            raise self._unknown(deployment.service, f"ROLE is {role!r}")
        for name in (_image_name(deployment.image), deployment.service):
            if name in self._programs:
                return self._programs[name]
        raise self._unknown(deployment.service, "envProcess is missing")

    def _known(self, service: str, process: str) -> tuple[str, ...]:
        try:
            argv = _plain(shlex.split(process))
        except ValueError as error:
            raise self._unknown(service, str(error)) from error
        if argv not in self._programs.values():
            raise self._unknown(service, f"{process!r} is none of them")
        return argv

    def _unknown(self, service: str, reason: str) -> SpecError:
        return SpecError(
            f": {service} has to run `python -m shared.serve ROLE` or what the stack file runs, by "
            f"envProcess, but {reason}. Roles: {', '.join(sorted(self._programs))}."
        )


def _plain(argv: Sequence[str]) -> tuple[str, ...]:
    first, *rest = argv or ("",)
    return ("python" if first in _PYTHONS else first, *rest)


def _image_name(image: str) -> str:
    """Return the last part of an image's name, without tag and digest."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
