"""From the command line's values to outcomes and an exit code."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psycopg
import typer
import uvloop
from rich.console import Console

from infra.bench.holding import HoldError
from infra.bench.load import MissingError, Target
from infra.bench.outcome import Outcome
from infra.bench.processes import listing
from infra.bench.results import document, machine
from infra.bench.scenarios import SCENARIOS
from infra.bench.sizes import Sizes
from infra.bench.tables import show
from infra.local.daemon import StartError
from infra.local.state import StateDir
from infra.publisher.display import printer
from infra.publisher.invocation import failure, gateway
from infra.publisher.reports import ReportError
from shared.errors import Problem

_INTERRUPTED = 130
_WARM_UP = Sizes(events=2_000)
_FAILURES = (
    HoldError,
    MissingError,
    Problem,
    ReportError,
    StartError,
    TimeoutError,
    ValueError,
    psycopg.Error,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The options of `hookstream bench`."""

    scenarios: Sequence[str]
    runs: int
    sizes: Sizes
    url: str | None
    direct: str | None
    nats_url: str | None
    database_url: str | None
    state_dir: Path
    json: bool

    def carry_out(self) -> int:
        """Measure, print, and return the exit code: 0 if every run is proved."""
        unknown = [name for name in self.scenarios if name not in SCENARIOS]
        if unknown:
            allowed = ", ".join(SCENARIOS)
            raise typer.BadParameter(f"{unknown[0]!r} is none of {allowed}", param_hint="SCENARIO")
        try:
            results = uvloop.run(self._interruptible())
        except asyncio.CancelledError:
            return _INTERRUPTED
        except _FAILURES as error:
            raise failure(str(error) or type(error).__name__) from error
        if self.json:
            documents = [document(name, runs) for name, runs in results.items()]
            typer.echo(msgspec.json.encode({"machine": machine(), "scenarios": documents}))
        else:
            for name, runs in results.items():
                show(printer(), name, runs)
        return int(any(run.objections for runs in results.values() for run in runs))

    async def _interruptible(self) -> dict[str, list[Outcome]]:
        """Measure until a signal comes; what is held then is released all the same."""
        measuring = asyncio.ensure_future(self._measure())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, measuring.cancel)
        return await measuring

    async def _measure(self) -> dict[str, list[Outcome]]:
        results: dict[str, list[Outcome]] = {}
        needed = any(SCENARIOS[name].stack for name in self.scenarios)
        target = self._target() if needed else self._nowhere()
        with Console(stderr=True).status("warming up") as status:
            if needed:
                await SCENARIOS["bulk"].run(target, _WARM_UP)
            for name in self.scenarios:
                for number in range(1, self.runs + 1):
                    status.update(f"{name}: run {number} of {self.runs}")
                    run = await SCENARIOS[name].run(target, self.sizes)
                    results.setdefault(name, []).append(run)
        return results

    def _target(self) -> Target:
        """Return the stack that was named, or that of the state directory."""
        local = {} if self.url else StateDir(self.state_dir).read_status()
        return Target(
            gateway=gateway(self.url, self.state_dir),
            direct=self.direct,
            listing=listing(None if self.url else self.state_dir),
            nats_url=self.nats_url or local.get("nats"),
            database_url=self.database_url or local.get("database"),
            state_dir=self.state_dir,
        )

    def _nowhere(self) -> Target:
        return Target(gateway="", direct=None, listing=listing(None), state_dir=self.state_dir)
