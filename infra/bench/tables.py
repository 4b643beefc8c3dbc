"""Shows the benchmark's results to people."""

from collections.abc import Sequence
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from infra.bench.measurement import Measurement
from infra.bench.results import FIGURES, FigureKind, middle

_MIB = 1 << 20


def show(console: Console, name: str, runs: Sequence[Measurement]) -> None:
    """Print a scenario's tables and whether N sent = N reported."""
    requests = f"{runs[0].events:,} events in {runs[0].requests:,} requests"
    console.print(f"[bold]{name}[/]: {requests}")
    console.print(_figures(runs))
    if any(run.usages for run in runs):
        console.print(_processes(runs))
    for run in runs:
        if run.objections:
            text = "\n".join(("Not proved:", *run.objections))
            console.print(text, style="red", markup=False)
            continue
        text = f"{run.events:,} sent = {run.events:,} reported, revenue {run.revenue} to the cent."
        console.print(text, style="green")


def _figures(runs: Sequence[Measurement]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("")
    for number in range(1, len(runs) + 1):
        table.add_column(f"run {number}", justify="right")
    if len(runs) > 1:
        table.add_column("median", justify="right", style="bold")
    for kind in FIGURES:
        values = [kind.read(run) for run in runs]
        middles = [middle(runs, kind)] if len(runs) > 1 else []
        table.add_row(kind.heading, *(_cell(kind, value) for value in (*values, *middles)))
    return table


def _cell(kind: FigureKind, value: float | None) -> str:
    return "-" if value is None else format(value, kind.form)


def _processes(runs: Sequence[Measurement]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("process" if len(runs) == 1 else "process (median)")
    for heading in ("CPU s", "CPU s per million events", "peak memory MiB"):
        table.add_column(heading, justify="right")
    totals = [0.0, 0.0]
    for name in dict.fromkeys(usage.name for run in runs for usage in run.usages):
        found = [(usage, run) for run in runs for usage in run.usages if usage.name == name]
        spent = median(usage.cpu_seconds for usage, _ in found)
        each = median(usage.cpu_seconds * 1e6 / max(run.events, 1) for usage, run in found)
        peak = max(usage.peak_bytes for usage, _ in found) / _MIB
        table.add_row(name, f"{spent:.2f}", f"{each:.2f}", f"{peak:,.0f}")
        totals = [totals[0] + spent, totals[1] + each]
    table.add_section()
    table.add_row("all", f"{totals[0]:.2f}", f"{totals[1]:.2f}", "")
    return table
