"""A stack of the echo role alone, without servers and connector, as the tests see it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.options import Options
from infra.local.state import StateDir, wait_until

ROLE = Path(__file__).with_name("echo_role.py")
PATIENCE = 20.0

_FUNCTION = """\
  {name}:
    fprocess: python {role} {argument}
    labels: {{com.openfaas.scale.max: "2"}}
    annotations:
      hookstream/scale-min: "{minimum}"
      hookstream/scale-target: "4"
      hookstream/scale-to-zero-after: {idle}
      hookstream/timeout: {timeout}
      hookstream/max-inflight: "{limit}"
"""


def function(name: str, **given: str) -> str:
    """Return the part of a stack file for a function of the echo role."""
    defaults = {"argument": "", "minimum": "0", "idle": "5m", "timeout": "60s", "limit": "64"}
    return _FUNCTION.format(name=name, role=ROLE, **(defaults | given))


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    state: StateDir
    options: Options

    @property
    def url(self) -> str:
        return str(self.status()["gateway"])

    def status(self) -> dict[str, Any]:
        return self.state.read_status()

    def function(self, name: str) -> dict[str, Any]:
        return next(each for each in self.status()["functions"] if each["name"] == name)

    def processes(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.status()["processes"]}

    def replicas(self, name: str) -> list[int]:
        """Return the process ids of a function's replicas, those being stopped included."""
        return [
            each["pid"]
            for each_name, each in self.processes().items()
            if each_name.rpartition("-")[0] == name
        ]

    def wait(self, condition: Callable[[], bool]) -> None:
        assert wait_until(condition, PATIENCE), self.status()
