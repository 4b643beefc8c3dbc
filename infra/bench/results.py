"""The benchmark's results as plain data."""

import os
import platform
from collections.abc import Sequence
from typing import Any

from infra.bench.outcome import Outcome, middle


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def document(name: str, runs: Sequence[Outcome]) -> dict[str, Any]:
    """Return a scenario's runs and their medians."""
    return {
        "scenario": name,
        "proved": not any(run.objections for run in runs),
        "median": medians(runs),
        "runs": [run.document() for run in runs],
    }


def medians(runs: Sequence[Outcome]) -> dict[str, float | None]:
    """Return the median of each figure; the runs of a scenario have the same ones."""
    keys = [figure.key for figure in runs[0].figures]
    return {key: middle([run.value(key) for run in runs]) for key in keys}
