"""Status as tables for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from infra.local.state import Status

_URLS = ("gateway", "metrics", "nats", "natsMonitor", "database", "prometheus")
_STYLES = {"running": "green", "degraded": "yellow", "starting": "yellow", "stopped": "red"}


def show_status(status: Status) -> None:
    """Print a status document."""
    console = Console(highlight=False)
    state = status["state"]
    console.print(f"[bold {_STYLES.get(state, 'yellow')}]{state}[/]  {status['stateDir']}")
    for name in _URLS:
        if url := status.get(name):
            console.print(f"{name:<12} {url}", soft_wrap=True)
    if status["functions"]:
        console.print(_functions(status["functions"]))
    if status["processes"]:
        console.print(_processes(status["processes"]))


def _functions(functions: list[dict[str, Any]]) -> Table:
    table = _table("function", "by", "replicas", "min-max", "idle s", "restarts", "last exit")
    for each in functions:
        table.add_row(
            each["name"],
            each["deployedBy"],
            str(each["replicas"]),
            f"{each['minReplicas']}-{each['maxReplicas']}",
            f"{each['idleSeconds']:g}",
            *_history(each),
        )
    return table


def _processes(processes: list[dict[str, Any]]) -> Table:
    table = _table("process", "pid", "state", "restarts", "last exit")
    for each in processes:
        table.add_row(each["name"], str(each["pid"] or ""), each["state"], *_history(each))
    return table


def _table(name: str, *columns: str) -> Table:
    table = Table()
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column)
    return table


def _history(each: dict[str, Any]) -> tuple[str, str]:
    last, following = each.get("lastExit"), each.get("nextAttempt")
    told = f"{last}, next attempt {following}" if following else last or ""
    return str(each.get("restarts", "")), told
