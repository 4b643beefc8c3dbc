"""The direction of imports: functions → shared, infra → shared, and no circle within shared."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {"shared": {"shared"}, "functions": {"shared"}, "infra": {"shared", "infra"}}
OTHER_REGISTRY = "infra.reconciling.exposition"
"""Writes a file of its own, in no process that others follow."""

GROUND_FLOOR = (
    "shared.errors",
    "shared.given",
    "shared.secrecy",
    "shared.settings",
    "shared.telemetry",
)


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield str(node.module)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_run_one_way(package: str) -> None:
    for name, path in modules(package):
        for imported in imports(path):
            home = imported.partition(".")[0]
            if home not in ALLOWED:
                continue
            own_role = name.rpartition(".")[0]
            within_role = package == "functions" and imported.startswith(own_role)
            assert home in ALLOWED[package] or within_role, f"{name} imports {imported}"


def test_shared_has_no_circle() -> None:
    graph = {name: set(imports(path)) for name, path in modules("shared")}
    known = set(graph)
    TopologicalSorter({name: found & known for name, found in graph.items()}).prepare()


@pytest.mark.parametrize("name", GROUND_FLOOR)
def test_the_ground_floor_stands_on_nothing(name: str) -> None:
    path = ROOT / (name.replace(".", "/") + ".py")
    found = {each for each in imports(path) if each.startswith("shared")}
    below = {
        "shared.settings": {"shared.given", "shared.secrecy"},
        "shared.telemetry": {"shared.metrics"},
    }
    assert found <= below.get(name, set())


def test_metrics_are_made_by_one_module() -> None:
    makers = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
    for package in ALLOWED:
        for name, path in modules(package):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client":
                    taken = makers & {each.name for each in node.names}
                    assert not taken or name in {"shared.metrics", OTHER_REGISTRY}, name


def test_no_file_is_long() -> None:
    for package in (*ALLOWED, "tests"):
        for _, path in modules(package):
            assert len(path.read_text().splitlines()) <= 400, path
