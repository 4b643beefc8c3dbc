"""The command lines and environments of the stack's own processes and of the replicas."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

from infra.local.logins import DatabaseUrls
from infra.local.nats_users import (
    CONNECTOR,
    GATEWAY,
    OF_ROLES,
    OPERATOR,
    QUEUE_WORKER,
    anonymous,
)
from infra.local.options import Options
from infra.local.ports import HOST
from infra.local.programs import Program
from infra.local.secrets import MOUNTED_AT, Secrets
from infra.local.specs import FunctionSpec
from infra.local.state import StateDir
from shared.access.scopes import is_loopback
from shared.settings import given_text
from shared.store.kinds import KINDS

_PYTHON = (sys.executable, "-P")
_DRAIN = 25.0
_GRACE = 5.0
_FOR_THE_GATEWAY = {"BASIC_AUTH_USER", "BASIC_AUTH_PASSWORD"}
_FOR_THE_GATEWAY |= {f"{name}_FILE" for name in _FOR_THE_GATEWAY} | {"SECRETS_DIR"}
_SECRET = _FOR_THE_GATEWAY | {
    f"{name}{end}"
    for name in (
        *("NATS_URL", "NATS_LOGINS", "DATABASE_URL", "DATABASE_LOGINS"),
        *("DELIVERY_KEY", "HOOKSTREAM_API_KEY"),
    )
    for end in ("", "_FILE")
}
"""Variables that no process inherits."""


@dataclass(frozen=True, slots=True)
class Launches:
    """Makes the programs of one stack; `nats_url` and `database` hold no secret if ours.

    `nats_urls` are the URLs of NATS' users, by their names; without, `nats_url` is everybody's.
    `stream_disk` is the folder of the embedded NATS' streams, '' if it is somebody else's.
    `delivery_key` is what the connector shows to the collectors.
    """

    options: Options
    state: StateDir
    secrets: Secrets
    gateway_port: int
    nats_url: str = ""
    database: DatabaseUrls = field(default_factory=DatabaseUrls)
    stream_disk: str = ""
    delivery_key: str = field(default_factory=token_urlsafe, repr=False)
    nats_urls: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def gateway_url(self) -> str:
        """Return the gateway's base URL."""
        return f"http://{HOST}:{self.gateway_port}"

    def prepare(self) -> Program:
        """Return the one-shot that migrates and ensures the streams."""
        module = ("-m", "infra.local.prepare", "--invocations")
        logins = {"DATABASE_LOGINS": self.database.given} if self.database.given else {}
        return self._program("prepare", module, self._urls(OPERATOR, self.database.owner) | logins)

    def connector(self, listener: int) -> Program:
        """Return the connector, its health and metrics on an inherited socket."""
        functions = {"FUNCTIONS_URL": f"{self.gateway_url}/function", "LISTEN_FD": str(listener)}
        own = functions | {"DELIVERY_KEY": self.delivery_key}
        urls = self._urls(CONNECTOR, self.database.connector)
        return self._program("connector", ("-m", "infra.connector"), urls | own)

    def queue_worker(self, listener: int) -> Program:
        """Return the queue worker of asynchronous invocations, on an inherited socket."""
        functions = {"FUNCTIONS_URL": f"{self.gateway_url}/function", "LISTEN_FD": str(listener)}
        nats = {"NATS_URL": self._nats(QUEUE_WORKER)}
        module = ("-m", "infra.local.invocations")
        return self._program("queue-worker", module, nats | functions)

    def gateway(self, listener: int, control: int, queue_port: int = 0) -> Program:
        """Return the gateway on an inherited socket, with its end of the control channel."""
        module = ("-m", "infra.local.gateway", "--listen-fd", str(listener))
        where = ("--control-fd", str(control), "--state-dir", str(self.state.root))
        credentials = {k: v for k, v in os.environ.items() if k in _FOR_THE_GATEWAY}
        if self.nats_url:
            credentials["NATS_URL"] = self._nats(GATEWAY)
        queue = ("--queue-port", str(queue_port))
        return self._program("gateway", (*module, *where, *queue), credentials)

    def replica(self, spec: FunctionSpec, replica_id: str, listener: int) -> Program:
        """Return a replica of a function on an inherited socket.

        Its secrets are files below SECRETS_DIR. Raises FileNotFoundError if one is missing.
        """
        folder = self.state.mounts / spec.name
        role = spec.argv[-1]
        own = {"nats-url": self._nats_of(role), "database-url": self.database.of_role(role)}
        self.secrets.mount(folder, spec.secrets, own)
        ours = {"LISTEN_FD": str(listener), "SECRETS_DIR": str(folder), "INSTANCE": replica_id}
        extra = {name: _mounted(text, folder) for name, text in spec.environment.items()} | ours
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

    def forget(self, function: str) -> None:
        """Remove what was laid out for the replicas of a function."""
        shutil.rmtree(self.state.mounts / function, ignore_errors=True)

    def provided(self) -> dict[str, str]:
        """Return the secrets that functions may list without anybody having stored them."""
        users = {f"nats-url-{user}": self._nats(user) for user in OF_ROLES.values()}
        logins = {f"database-url-{kind}": self.database.of_kind(kind) for kind in KINDS}
        return users | {
            **logins,
            "nats-url": self._nats_of(""),
            "database-url": self.database.owner,
            "delivery-key": self.delivery_key,
        }

    def _urls(self, nats_user: str, database_url: str) -> dict[str, str]:
        return {"NATS_URL": self._nats(nats_user), "DATABASE_URL": database_url}

    def _nats(self, user: str) -> str:
        return self.nats_urls.get(user, self.nats_url)

    def _nats_of(self, role: str) -> str:
        """Return what a function of the role finds as `nats-url`: no login if it has none."""
        if role in OF_ROLES or not self.nats_urls:
            return self._nats(OF_ROLES.get(role, ""))
        return anonymous(self.nats_url)

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        """Return the environment that every process shares, with secrets only as given."""
        inherited = {k: v for k, v in os.environ.items() if k not in _SECRET}
        ours = {"HOST": HOST, "PROMETHEUS_MULTIPROC_DIR": str(self.state.metrics)}
        if not is_loopback(self.options.host) and (given_text("auth") or "auto") == "auto":
            ours["AUTH"] = "keys"  # replicas listen on this machine only, but others reach them
            inherited.pop("AUTH_FILE", None)
        if self.stream_disk:
            ours["STREAM_DISK"] = self.stream_disk
        return {**inherited, **ours, "DRAIN_TIMEOUT": f"{_DRAIN:g}", **extra}


def _mounted(text: str, folder: Path) -> str:
    """Return a variable's text with the path that a secret has on OpenFaaS made the one here."""
    return f"{folder}/{text.removeprefix(MOUNTED_AT)}" if text.startswith(MOUNTED_AT) else text
