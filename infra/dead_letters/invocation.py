"""Carries out `hookstream deadletter`."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from infra.dead_letters import display
from infra.dead_letters.session import Session, broker_url, work
from infra.publisher.target import TargetError
from shared.dead_letters.merge_patch import read_patch
from shared.dead_letters.redrive import Order, Outcome
from shared.dead_letters.selection import FILTERS, Selection, read_selection
from shared.errors import Problem

WRONG_OPTION = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """Which broker, and whether answers are JSON."""

    nats_url: str | None
    state_dir: Path
    as_json: bool

    def run(self, task: Callable[[Session], Awaitable[T]]) -> T:
        """Run a task with a connection; raises typer.Exit with the reason on standard error."""
        try:
            return work(broker_url(self.nats_url, self.state_dir), task)
        except (TargetError, Problem) as error:
            raise _failure(error) from error


def selection(*filters: str | None) -> Selection:
    """Return the selection of filters, in the order of FILTERS; raises typer.Exit."""
    given = zip(FILTERS, filters, strict=True)
    try:
        return read_selection({name: text for name, text in given if text is not None})
    except Problem as problem:
        raise _failure(problem) from problem


def list_letters(
    target: Target, chosen: Selection, limit: int, after: int | None, *, newest: bool
) -> None:
    """List letters."""
    page = target.run(lambda s: s.letters.page(chosen, limit, after, newest=newest))
    if target.as_json:
        letters = [letter.summary() for letter in page.letters]
        _print_json({"letters": letters, "next": page.next})
    else:
        display.show_letters(_console(), page.letters, more=page.next is not None)


def show_letter(target: Target, sequence: int) -> None:
    """Show a letter."""
    letter = target.run(lambda s: s.letters.letter(sequence))
    if target.as_json:
        _print_json(letter.document())
    else:
        display.show_letter(_console(), letter)


def redrive(  # noqa: PLR0913 - the command's options
    target: Target,
    chosen: Selection,
    limit: int | None,
    patch: str | None,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Redrive letters and return the exit code."""
    try:
        correction = None if patch is None else read_patch(patch.encode())
    except Problem as problem:
        raise _failure(problem) from problem
    order = Order(selection=chosen, limit=limit, patch=correction, dry_run=dry_run)
    return _change(target, order, "redriven", lambda s: s.redriver.redrive, yes=yes)


def drop(target: Target, chosen: Selection, limit: int | None, *, dry_run: bool, yes: bool) -> int:
    """Drop letters and return the exit code."""
    order = Order(selection=chosen, limit=limit, dry_run=dry_run)
    return _change(target, order, "dropped", lambda s: s.redriver.drop, yes=yes)


_Method = Callable[[Session], Callable[[Order], Awaitable[Outcome]]]


def _change(target: Target, order: Order, verb: str, method: _Method, *, yes: bool) -> int:
    asks = not (yes or order.dry_run or target.as_json) and sys.stdin.isatty()
    if asks:
        dry = replace(order, dry_run=True)
        counted = target.run(lambda s: method(s)(dry))
        display.show_count(_console(), counted)
        if not counted.matched:
            return 0
        typer.confirm(f"Shall they be {verb}?", abort=True)
    outcome = _with_progress(target, order, method)
    if target.as_json:
        _print_json({"dryRun": order.dry_run, **outcome.document(verb)})
    else:
        console = _console()
        if order.dry_run:
            display.show_count(console, outcome)
        if not (order.dry_run and verb == "dropped"):
            display.show_outcome(console, outcome, f"would be {verb}" if order.dry_run else verb)
    if outcome.problem is not None:
        raise _failure(outcome.problem)
    return 1 if outcome.left else 0


def _with_progress(target: Target, order: Order, method: _Method) -> Outcome:
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("dead letters", total=order.limit)
        watched = replace(order, progress=lambda count: bar.advance(task, count))
        return target.run(lambda s: method(s)(watched))


def _console() -> Console:
    return Console(highlight=False)


def _print_json(document: object) -> None:
    typer.echo(msgspec.json.encode(document))


def _failure(error: TargetError | Problem) -> typer.Exit:
    """Say what went wrong; the exit code is 2 for a wrong option."""
    text, code = str(error), 1
    if isinstance(error, Problem):
        text = error.detail
        code = WRONG_OPTION if error.kind.code == "invalid_parameter" else 1
    typer.secho(text, fg="red", err=True)
    return typer.Exit(code)
