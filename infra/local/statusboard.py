"""The status document of a running stack, written at every change."""

import logging
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from infra.local.deployments import Deployments
from infra.local.fleet import Fleet
from infra.local.keeper import Keeper
from infra.local.redaction import redacted
from infra.local.registry import Identity
from infra.local.specs import FunctionSpec
from infra.local.state import StateDir, Status

logger = logging.getLogger(__name__)


class StatusBoard:
    """Composes the document from the stack's parts and keeps the file up to date.

    `keepers` returns the processes that are kept alive now. URLs appear without passwords.
    """

    def __init__(
        self,
        state: StateDir,
        deployments: Deployments,
        keepers: Callable[[], Iterable[Keeper]],
    ) -> None:
        self.fleet: Fleet | None = None
        self.error: str | None = None
        self._state = state
        self._deployments = deployments
        self._keepers = keepers
        self._phase = "starting"
        self._progress = ""
        self._urls: dict[str, str] = {}
        self._supervisor = Identity.of("supervisor", os.getpid())
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    def enter(self, phase: str) -> None:
        """Change to `starting`, `running` or `stopping`."""
        self._phase = phase
        self._progress = ""
        self.publish()

    def progress(self, text: str) -> None:
        """Say what the start or stop is at."""
        self._progress = text
        self.publish()

    def show(self, **urls: str) -> None:
        """Add the URLs of servers."""
        self._urls |= {name: redacted(url) for name, url in urls.items()}
        self.publish()

    def publish(self) -> None:
        """Write the document; on a disk without space it is behind until the next time."""
        try:
            self._state.write_status(self.document())
        except OSError:
            logger.exception("the status is not written")

    def document(self) -> Status:
        """Return the document that `status --json` prints."""
        return {
            "state": self._current(),
            "stateDir": str(self._state.root),
            "startedAt": self._started_at,
            "supervisor": msgspec.to_builtins(self._supervisor),
            **self._urls,
            "functions": [self._function(spec) for spec in self._deployments.specs.values()],
            "processes": self._processes(),
            "progress": self._progress,
            "error": self.error,
        }

    def _current(self) -> str:
        if self._phase != "running":
            return self._phase
        kept = all(keeper.state == "running" for keeper in self._keepers())
        failing = self.fleet is not None and any(
            map(self.fleet.is_failing, self._deployments.specs)
        )
        return "running" if kept and not failing else "degraded"

    def _function(self, spec: FunctionSpec) -> dict[str, Any]:
        fleet = self.fleet
        history = fleet.functions[spec.name].history.document() if fleet else {}
        return {
            "name": spec.name,
            "url": f"{self._urls.get('gateway', '')}/function/{spec.name}",
            "replicas": len(fleet.replicas(spec.name)) if fleet else 0,
            "minReplicas": spec.minimum,
            "maxReplicas": spec.maximum,
            "idleSeconds": spec.idle,
            "deployedBy": "api" if self._deployments.is_deployed(spec.name) else "stack file",
            **history,
        }

    def _processes(self) -> list[dict[str, Any]]:
        own = {"name": "supervisor", "pid": os.getpid(), "state": "running"}
        kept = [
            {
                "name": keeper.name,
                "pid": keeper.child.pid if keeper.child else None,
                "state": keeper.state,
                **keeper.history.document(),
            }
            for keeper in self._keepers()
        ]
        replicas = [
            {
                "name": child.program.name,
                "pid": child.pid,
                "state": "stopping" if child.stopping else "running",
            }
            for child in (self.fleet.children() if self.fleet else ())
        ]
        return [own, *kept, *replicas]
