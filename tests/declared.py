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


def log_fields() -> set[str]:
    """Return the members that the code adds to log lines, beside those that all lines have."""
    found: set[str] = set()
    for path, node in nodes():
        if isinstance(node, ast.Call):
            found |= _given(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= _assigned(path, node)
    return found


def _given(call: ast.Call) -> set[str]:
    """Return the keywords of `fields(…)`, of `request.log.update(…)` and the like."""
    name = ast.unparse(call.func)
    if name == "fields" or name.endswith(".log.update"):
        return {keyword.arg for keyword in call.keywords if keyword.arg}
    if name.endswith(".log.setdefault") and isinstance(call.args[0], ast.Constant):
        return {str(call.args[0].value)}
    return set()


def _assigned(path: Path, node: ast.Assign | ast.AnnAssign) -> set[str]:
    """Return the keys of `request.log[…] = …`, and of dictionaries that become lines."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        holder = ast.unparse(target.value)
        into_line = holder.endswith(".log") or (holder, path.name) in _LINES
        return {str(target.slice.value)} if into_line else set()
    if (ast.unparse(target), path.name) in _LINES and isinstance(node.value, ast.Dict):
        return {str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)}
    return set()


_LINES = {
    ("line", "telemetry.py"), ("line", "web.py"), ("members", "telling.py"),
    ("done", "segment_folding.py"), ("done", "segment_merging.py"),
}  # fmt: skip
"""Variables that hold a line's members, by module."""
