"""Shows the benchmark's results to people."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from infra.bench.outcome import Outcome, Sheet, merged
from infra.bench.results import medians


def show(console: Console, name: str, runs: Sequence[Outcome]) -> None:
    """Print a scenario's tables and what each run proved."""
    console.print(f"[bold]{name}[/]: {runs[0].headline}")
    if runs[0].figures:
        console.print(_figures(runs))
    for sheet in runs[0].sheets:
        console.print(_sheet([run.sheet(sheet.key) for run in runs]))
    for run in runs:
        if run.objections:
            text = "\n".join(("Not proved:", *run.objections))
            console.print(text, style="red", markup=False)
        else:
            console.print(run.conclusion, style="green", markup=False)


def _figures(runs: Sequence[Outcome]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("")
    for number in range(1, len(runs) + 1):
        table.add_column(f"run {number}", justify="right")
    if len(runs) > 1:
        table.add_column("median", justify="right", style="bold")
    middles = medians(runs)
    for figure in runs[0].figures:
        values = [run.value(figure.key) for run in runs]
        values += [middles[figure.key]] if len(runs) > 1 else []
        table.add_row(figure.heading, *(_cell(value, figure.form) for value in values))
    return table


def _sheet(runs: Sequence[Sheet]) -> Table:
    sheet = merged(runs)
    table = Table(box=box.SIMPLE)
    table.add_column(sheet.title if len(runs) == 1 else f"{sheet.title} (median)")
    for column in sheet.columns:
        table.add_column(column.heading, justify="right")
    forms = [column.form for column in sheet.columns]
    for name, values in sheet.rows.items():
        table.add_row(name, *map(_cell, values, forms))
    if sheet.total:
        table.add_section()
        sums = [
            sum(value or 0 for value in values) for values in zip(*sheet.rows.values(), strict=True)
        ]
        table.add_row("all", *map(_cell, sums, forms))
    return table


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
