"""Shows a run to people: a progress bar while it goes on, tables at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table

from infra.publisher.comparison import Figure
from infra.publisher.kinds import KINDS
from infra.publisher.progress import Progress
from infra.publisher.run import Outcome
from infra.publisher.summary import total

_REFRESH = 0.1
_PIPE_WIDTH = 120


def printer() -> Console:
    """Return the console for the tables on standard output: wide enough where it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


@asynccontextmanager
async def progress_bar(
    console: Console, progress: Progress, number: int | None
) -> AsyncIterator[None]:
    """Draw the progress on the console meanwhile, if it is a terminal."""
    if not console.is_terminal:
        yield
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        drawing = asyncio.create_task(_draw(bar, progress, number))
        try:
            yield
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)


async def _draw(bar: Bar, progress: Progress, number: int | None) -> None:
    task = bar.add_task("publish", total=number, state="reading the reports")
    while True:
        bar.update(task, completed=progress.ended, state=_state(progress))
        await asyncio.sleep(_REFRESH)


def _state(progress: Progress) -> str:
    if not progress.requests:
        return "reading the reports"
    if progress.finished:
        return "waiting for the reports"
    rate = progress.ended / max(progress.seconds, _REFRESH)
    parts = [f"{rate:,.0f}/s", f"{progress.in_flight} in flight"]
    if progress.refused:
        parts.append(f"{progress.refused:,} refused")
    if progress.retries:
        parts.append(f"{progress.retries:,} retries")
    return " · ".join(parts)


def show(console: Console, outcome: Outcome) -> None:
    """Print a run's end."""
    progress, ledger = outcome.progress, outcome.ledger
    rate = progress.ended / progress.seconds if progress.seconds else 0
    console.print(
        f"Sent {progress.events:,} events in {progress.requests:,} requests"
        f" ({progress.bytes / 1e6:,.1f} MB) in {progress.seconds:,.1f} s: {rate:,.0f} events/s."
    )
    details = (
        (ledger.duplicates, "repeated"),
        (ledger.corrupt_sent, "corrupt"),
        (progress.refused, "refused"),
        (progress.retries, "retries"),
        (progress.failed_requests, "failed requests"),
    )
    parts = [f"{count:,} {what}" for count, what in details if count]
    if parts:
        console.print(f"Among them: {', '.join(parts)}.")
    if outcome.proof:
        console.print(_events_table(outcome.proof.events))
        console.print(_revenue_table(outcome.proof.revenue))
    for text in progress.problems:
        console.print(f"A request failed: {text}", style="yellow", markup=False)
    console.print(verdict(outcome), style="green" if outcome.ok else "red", markup=False)


def verdict(outcome: Outcome) -> str:
    """Say in words how a run ended."""
    if outcome.interrupted:
        return "Interrupted: nothing is proved."
    if outcome.objections:
        said = "Not proved:" if outcome.proof else "Failed:"
        notes = outcome.proof.notes if outcome.proof else []
        return "\n".join((said, *outcome.objections, *notes))
    if outcome.proof is None:
        accepted = outcome.ledger.accepted.total
        return f"All {accepted:,} valid events were accepted; the reports were not asked."
    events, revenue = total(outcome.proof.events), total(outcome.proof.revenue)
    counts = f"{events.accepted:,} sent = {events.reported:,} reported"
    said = f"{counts}, revenue {revenue.reported:,f} equal to the cent."
    return "\n".join((said, *outcome.proof.notes))


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=True)
    for name in ("sent", "accepted", "reported", "diff"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(figure: Figure, form: str) -> list[str]:
    values = (figure.sent, figure.accepted, figure.reported, figure.difference)
    style = "green" if not figure.difference else "bold red"
    *others, difference = (format(value, form) for value in values)
    return [*others, f"[{style}]{difference}[/]"]


def _events_table(figures: dict[int, Figure]) -> Table:
    table = _table("source", "stage", "type")
    for code, figure in figures.items():
        kind = KINDS[code]
        cells = _cells(figure, ",.0f")
        table.add_row(
            kind.source, kind.stage, kind.type, *cells, end_section=code == len(KINDS) - 1
        )
    table.add_row("events", "", "", *_cells(total(figures), ",.0f"))
    return table


def _revenue_table(figures: dict[int, Figure]) -> Table:
    table = _table("source", "type")
    for code, figure in figures.items():
        kind = KINDS[code]
        table.add_row(
            kind.source, kind.type, *_cells(figure, ",f"), end_section=code == max(figures)
        )
    table.add_row("revenue", "", *_cells(total(figures), ",f"))
    return table
