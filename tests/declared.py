"""What the source declares, read from its syntax: metrics and fields of log lines."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

_KINDS = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
}
_COLLECTORS = ("fb_collector", "ttk_collector")


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    """Yield every node of the product's source."""
    for package in ("shared", "functions", "infra"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                yield path, node


def metrics() -> dict[str, str]:
    """Return the metrics' names, as they are scraped, and kinds."""
    found: dict[str, str] = {}
    for _, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            kind = _KINDS.get(node.func.id)
            for name in _names(node.args[0]) if kind else ():
                total = kind == "counter" and not name.endswith("_total")
                found[f"{name}_total" if total else name] = str(kind)
    return found


def _names(argument: ast.expr) -> list[str]:
    """Return what a metric may be called: a text, a constant of its module, a role's prefix."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [argument.value]
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[-1], ast.Constant):
        return [prefix + str(argument.values[-1].value) for prefix in _COLLECTORS]
    if isinstance(argument, ast.Name) and argument.id == "DURATION_NAME":
        return ["hookstream_gateway_request_duration_seconds"]
    return []
