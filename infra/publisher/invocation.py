"""From the command line's values to a run and its exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import typer
import uvloop
from rich.console import Console

from infra.publisher import values
from infra.publisher.display import printer, progress_bar, show
from infra.publisher.flow import Pace
from infra.publisher.generator import Plan
from infra.publisher.reports import ReportError
from infra.publisher.retry import RetryPolicy
from infra.publisher.run import Job, Outcome, Run
from infra.publisher.summary import summary
from infra.publisher.target import TargetError, gateway_url, key_headers

_INTERRUPTED = 130
_BATCHES = {"realistic": "500", "andriiuni": "1000-50000"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The options of `hookstream publish`, unparsed."""

    number: int
    profile: str
    batch: str | None
    duplicates: float
    disorder: float
    invalid: float | None
    facebook_share: float
    window: str | None
    seed: int | None
    at: str | None
    url: str | None
    path: str
    state_dir: Path
    form: str
    encoding: str
    headers: list[str] | None
    concurrency: int
    rate: float
    interval: str
    timeout: str
    retry_for: str
    prove: bool | None
    deadline: str
    allow_unknown: bool

    def job(self) -> Job:
        """Return what to do. Raises typer.BadParameter, and typer.Exit when no stack runs."""
        return Job(
            plan=self._plan(),
            gateway=gateway(self.url, self.state_dir),
            path=self.path,
            headers=self._headers(),
            form=self.form,
            encoding=self.encoding,
            concurrency=self.concurrency,
            pace=Pace(self.rate, parsed("--interval", values.duration, self.interval)),
            retry=RetryPolicy(parsed("--retry-for", values.duration, self.retry_for)),
            timeout=parsed("--timeout", values.duration, self.timeout),
            prove=bool(self.number) if self.prove is None else self.prove,
            prove_wait=parsed("--deadline", values.duration, self.deadline),
            allow_unknown=self.allow_unknown,
        )

    def _headers(self) -> dict[str, str]:
        given = dict(parsed("--header", values.header, text) for text in self.headers or ())
        try:
            return key_headers() | {name.lower(): value for name, value in given.items()}
        except TargetError as error:
            raise failure(str(error)) from error

    def _plan(self) -> Plan:
        batch = "1" if self.form == "single" else self.batch or _BATCHES[self.profile]
        usual = "24h" if self.profile == "realistic" and self.number else "0"
        window = parsed("--window", values.duration, self.window or usual)
        return Plan(
            profile=self.profile,
            number=self.number or None,
            batch=parsed("--batch", values.sizes, batch),
            facebook_share=self.facebook_share,
            duplicates=self.duplicates,
            disorder=self.disorder,
            invalid=self.invalid,
            seed=self.seed,
            window=int(window * 1000),
            at=parsed("--at", values.moment, self.at) if self.at else None,
        )


def parsed(name: str, parse: Callable[[str], T], text: str) -> T:
    """Return the parsed value of an option. Raises typer.BadParameter naming the option."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=name) from error


def gateway(url: str | None, state_dir: Path) -> str:
    """Return the gateway's URL. Raises typer.Exit, after saying why, when there is none."""
    try:
        return gateway_url(url, state_dir)
    except TargetError as error:
        raise failure(str(error)) from error


def failure(text: str) -> typer.Exit:
    """Say what is wrong on standard error, and return the exit."""
    Console(stderr=True).print(text, style="red", markup=False, highlight=False)
    return typer.Exit(1)


def carry_out(job: Job, *, json: bool) -> int:
    """Run the job, print its end and return the exit code."""
    try:
        outcome = uvloop.run(_watched(job))
    except ReportError as error:
        raise failure(f"No proof without reports: {error}. --no-prove sends without.") from error
    if json:
        typer.echo(msgspec.json.encode(summary(outcome)))
    else:
        show(printer(), outcome)
    if outcome.interrupted:
        return _INTERRUPTED
    return 0 if outcome.ok else 1


async def _watched(job: Job) -> Outcome:
    run = Run(job)
    async with progress_bar(Console(stderr=True), run.progress, job.plan.number):
        return await run()
