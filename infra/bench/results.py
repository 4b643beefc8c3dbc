"""The benchmark's results as plain data."""

import os
import platform
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final, NamedTuple

from infra.bench.measurement import Measurement
from infra.bench.resources import Usage


class FigureKind(NamedTuple):
    """One figure of a run: its name in JSON, its heading, how to read it, its format."""

    key: str
    heading: str
    read: Callable[[Measurement], float | None]
    form: str


FIGURES: Final = (
    FigureKind(
        "acceptedPerSecond", "accepted, events/s", lambda run: run.accepted_per_second, ",.0f"
    ),
    FigureKind(
        "endToEndPerSecond", "end to end, events/s", lambda run: run.end_to_end_per_second, ",.0f"
    ),
    FigureKind("freshnessP50", "freshness p50, s", lambda run: run.freshness.p50, ".2f"),
    FigureKind("freshnessP95", "freshness p95, s", lambda run: run.freshness.p95, ".2f"),
    FigureKind("freshnessP99", "freshness p99, s", lambda run: run.freshness.p99, ".2f"),
    FigureKind("answerP50", "answer p50, s", lambda run: run.answers.p50, ".4f"),
    FigureKind("answerP95", "answer p95, s", lambda run: run.answers.p95, ".4f"),
    FigureKind("answerP99", "answer p99, s", lambda run: run.answers.p99, ".4f"),
)
"""Freshness goes from an event's acceptance to its being in a report; answers are per request."""


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def middle(runs: Sequence[Measurement], kind: FigureKind) -> float | None:
    """Return the median over the runs, or None when a run lacks the figure."""
    values = [kind.read(run) for run in runs]
    known = [value for value in values if value is not None]
    return median(known) if len(known) == len(values) else None


def document(name: str, runs: Sequence[Measurement]) -> dict[str, Any]:
    """Return a scenario's runs and their medians."""
    return {
        "scenario": name,
        "proved": not any(run.objections for run in runs),
        "median": {kind.key: middle(runs, kind) for kind in FIGURES},
        "runs": [_run(run) for run in runs],
    }


def _run(run: Measurement) -> dict[str, Any]:
    return {
        "events": run.events,
        "requests": run.requests,
        "bytes": run.bytes,
        "retries": run.retries,
        "acceptSeconds": run.accept_seconds,
        "visibleSeconds": run.visible_seconds,
        **{kind.key: kind.read(run) for kind in FIGURES},
        "revenue": run.revenue,
        "failedLooks": run.failed_looks,
        "processes": [process(usage, run.events) for usage in run.usages],
        "objections": run.objections,
    }


def process(usage: Usage, events: int) -> dict[str, Any]:
    """Return the use of processes of one name, in all and per million events."""
    return {
        "name": usage.name,
        "cpuSeconds": round(usage.cpu_seconds, 2),
        "cpuSecondsPerMillion": round(usage.cpu_seconds * 1e6 / events, 2) if events else None,
        "peakBytes": usage.peak_bytes,
    }
