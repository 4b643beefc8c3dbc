"""Shows plans to people."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from infra.planning.invocation import Plan

_WORTH_SHOWING = 0.05


def show(console: Console, plans: Iterable[Plan]) -> None:
    """Print what each layout takes; of a single one also how busy its parts are."""
    found = list(plans)
    console.print(_rates(found))
    if len(found) == 1:
        console.print(_parts(found[0]))


def _rates(plans: Iterable[Plan]) -> Table:
    table = Table("layout", box=box.SIMPLE)
    for heading in ("cores", "events/s", "a core"):
        table.add_column(heading, justify="right")
    table.add_column("limit")
    for plan in plans:
        rate = plan.prediction.rate
        figures = (f"{plan.layout.cores:g}", f"{rate:,.0f}", f"{rate / plan.layout.cores:,.0f}")
        table.add_row(plan.name, *figures, plan.prediction.limit)
    return table


def _parts(plan: Plan) -> Table:
    table = Table("part, the busiest of its kind", box=box.SIMPLE)
    table.add_column("busy", justify="right")
    for name, share in sorted(plan.prediction.busy.items(), key=lambda item: -item[1]):
        if share >= _WORTH_SHOWING:
            table.add_row(name, f"{share:.0%}")
    return table
