"""From the command line's values to measurements and an exit code."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import typer
import uvloop
from rich.console import Console

from infra.bench.load import Target
from infra.bench.measurement import Measurement
from infra.bench.resources import Listing
from infra.bench.results import document, machine
from infra.bench.scenarios import SCENARIOS, Sizes
from infra.bench.tables import show
from infra.local.state import StateDir
from infra.publisher.display import printer
from infra.publisher.invocation import failure, gateway
from infra.publisher.reports import ReportError

_SELF = "bench (load generator)"
_REPLICA = re.compile(r"-\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The options of `hookstream bench`."""

    scenarios: Sequence[str]
    runs: int
    sizes: Sizes
    url: str | None
    direct: str | None
    state_dir: Path
    json: bool

    def carry_out(self) -> int:
        """Measure, print, and return the exit code: 0 if every run is proved."""
        unknown = [name for name in self.scenarios if name not in SCENARIOS]
        if unknown:
            allowed = ", ".join(SCENARIOS)
            raise typer.BadParameter(f"{unknown[0]!r} is none of {allowed}", param_hint="SCENARIO")
        target = Target(
            gateway=gateway(self.url, self.state_dir),
            direct=self.direct,
            listing=listing(None if self.url else self.state_dir),
        )
        try:
            results = uvloop.run(self._measure(target))
        except (ReportError, ValueError) as error:
            raise failure(str(error)) from error
        if self.json:
            documents = [document(name, runs) for name, runs in results.items()]
            typer.echo(msgspec.json.encode({"machine": machine(), "scenarios": documents}))
        else:
            for name, runs in results.items():
                show(printer(), name, runs)
        return int(any(run.objections for runs in results.values() for run in runs))

    async def _measure(self, target: Target) -> dict[str, list[Measurement]]:
        results: dict[str, list[Measurement]] = {}
        with Console(stderr=True).status("warming up") as status:
            await SCENARIOS["bulk"].run(target, Sizes(events=2_000, body_size=1_000))
            for name in self.scenarios:
                for number in range(1, self.runs + 1):
                    status.update(f"{name}: run {number} of {self.runs}")
                    run = await SCENARIOS[name].run(target, self.sizes)
                    results.setdefault(name, []).append(run)
        return results


def listing(state_dir: Path | None) -> Listing:
    """Return what lists this process and those of the stack, if it is a local one.

    Replicas of a function go by the function's name.
    """

    def processes() -> dict[int, str]:
        found = {os.getpid(): _SELF}
        if state_dir is not None:
            status = StateDir(state_dir).read_status()
            for each in status["processes"]:
                if each["pid"]:
                    found[each["pid"]] = _REPLICA.sub("", each["name"])
        return found

    return processes
