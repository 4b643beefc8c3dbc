"""The command lines and environments of the stack's own processes and of the replicas."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from infra.local.options import Options
from infra.local.ports import HOST
from infra.local.programs import Program
from infra.local.stackfile import FunctionSpec
from infra.local.state import StateDir

_PYTHON = (sys.executable, "-P")
_DRAIN = 25.0
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Launches:
    """Makes the programs of one stack; `nats_url` and `database_url` hold no secret if ours.

    `stream_disk` is the folder of the embedded NATS' streams, '' if it is somebody else's.
    """

    options: Options
    state: StateDir
    gateway_port: int
    nats_url: str = ""
    database_url: str = ""
    stream_disk: str = ""

    @property
    def gateway_url(self) -> str:
        """Return the gateway's base URL."""
        return f"http://{HOST}:{self.gateway_port}"

    def prepare(self) -> Program:
        """Return the one-shot that migrates and ensures the streams."""
        return self._program("prepare", ("-m", "infra.local.prepare"), self._urls())

    def connector(self, listener: int) -> Program:
        """Return the connector, its health and metrics on an inherited socket."""
        functions = {"FUNCTIONS_URL": f"{self.gateway_url}/function", "LISTEN_FD": str(listener)}
        return self._program("connector", ("-m", "infra.connector"), self._urls() | functions)

    def gateway(self, listener: int, control: int) -> Program:
        """Return the gateway on an inherited socket, with its end of the control channel."""
        module = ("-m", "infra.local.gateway", "--listen-fd", str(listener))
        where = ("--control-fd", str(control), "--stack", str(self.state.stack))
        files = ("--metrics", str(self.state.metrics))
        idle = self.options.idle
        chosen = () if idle is None else ("--idle", str(idle))
        return self._program("gateway", (*module, *where, *files, *chosen), {})

    def replica(self, spec: FunctionSpec, replica_id: str, listener: int) -> Program:
        """Return a replica of a function on an inherited socket.

        The secrets `nats-url` and `database-url` reach it as NATS_URL and DATABASE_URL.
        """
        secrets = {name.replace("-", "_").upper() for name in spec.secrets}
        urls = {name: url for name, url in self._urls().items() if name in secrets}
        extra = urls | {"LISTEN_FD": str(listener)} | dict(spec.environment)
        python = spec.argv[0] in {"python", "python3"}
        return Program(
            name=replica_id,
            argv=(*_PYTHON, *spec.argv[1:]) if python else spec.argv,
            log=self.state.logs / f"{spec.name}.log",
            env=self._environment(extra),
            stop_timeout=_DRAIN + _GRACE,
        )

    def _program(self, name: str, command: Sequence[str], extra: dict[str, str]) -> Program:
        return Program(
            name=name,
            argv=(*_PYTHON, *command),
            log=self.state.logs / f"{name}.log",
            env=self._environment(extra),
            stop_timeout=_DRAIN + _GRACE,
        )

    def _urls(self) -> dict[str, str]:
        return {"NATS_URL": self.nats_url, "DATABASE_URL": self.database_url}

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        """Return the environment that every process shares, with the URLs only as given."""
        ours_alone = {*self._urls(), *(f"{name}_FILE" for name in self._urls())}
        inherited = {k: v for k, v in os.environ.items() if k not in ours_alone}
        ours = {"HOST": HOST, "PROMETHEUS_MULTIPROC_DIR": str(self.state.metrics)}
        if self.stream_disk:
            ours["STREAM_DISK"] = self.stream_disk
        return {**inherited, **ours, "DRAIN_TIMEOUT": f"{_DRAIN:g}", **extra}
