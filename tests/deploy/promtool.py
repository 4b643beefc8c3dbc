"""Debian's Prometheus and its promtool, and what the project ships for them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from deploy.manifests import INFRA

FOLDER = INFRA / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
DASHBOARDS = sorted((INFRA / "grafana" / "provisioning" / "dashboards").glob("*.json"))


def promtool(*arguments: str) -> str:
    """Run promtool and return what it printed; skips the test where none is installed."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> Iterator[dict[str, Any]]:
    """Yield every rule that is shipped."""
    for path in RULES:
        for group in msgspec.yaml.decode(path.read_bytes())["groups"]:
            yield from group["rules"]


def alerts() -> dict[str, dict[str, Any]]:
    """Return the alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def panels() -> Iterator[tuple[str, str, str]]:
    """Yield dashboard, panel and expression of everything that dashboards show."""
    for path in DASHBOARDS:
        for panel in msgspec.json.decode(path.read_bytes())["panels"]:
            for target in panel["targets"]:
                yield path.stem, panel["title"], target["expr"]


_METRIC = re.compile(
    r"\b(?:hookstream|gateway|fb_collector|ttk_collector|reporter)_\w+|\bkubelet_\w+|\bup\b"
)
_SUFFIX = re.compile(r"_(bucket|count|sum)$")


def metrics_of(expression: str) -> set[str]:
    """Return the metrics that an expression reads, histograms by their own name."""
    return {_SUFFIX.sub("", name) for name in _METRIC.findall(expression)}
