"""Shows a reconciliation as tables."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.reconciling.result import Reconciliation

_FIGURES = {
    "accepted": "accepted",
    "stored": "stored",
    "duplicate": "duplicates",
    "dead-lettered": "dead_lettered",
    "pending": "pending",
    "unaccounted": "unaccounted",
    "rows": "rows",
    "expired rows": "expired",
    "in rollups": "rolled_up",
    "in segments": "in_segments",
    "revenue": "revenue",
}


def show(console: Console, found: Reconciliation) -> None:
    """Print the accounts, and what does not hold."""
    console.print(_accounts(found))
    for difference in found.differences:
        console.print(f"[red]{difference.source} {difference.check}[/]: {difference.explanation}")
        console.print(f"  expected {difference.expected}, found {difference.found}")
        if difference.examples:
            console.print(f"  e.g. {escape(', '.join(difference.examples))}")
    for note in found.notes:
        console.print(note, style="dim")
    if found.holds:
        console.print("[green]accepted = stored + duplicate + dead-lettered + pending[/]")
    console.print(f"{found.seconds:.1f} s", style="dim")


def _accounts(found: Reconciliation) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("events")
    for account in found.sources:
        table.add_column(account.source, justify="right")
    for name, figure in _FIGURES.items():
        table.add_row(name, *(f"{getattr(account, figure):,}" for account in found.sources))
    return table
