"""A reconciliation as metrics, in a file that a scrape picks up.

Form: https://prometheus.io/docs/instrumenting/exposition_formats/, as the textfile collector of
node_exporter reads it; the local gateway adds the file of its stack to its own metrics.
"""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from infra.reconciling.result import Reconciliation

FILE = "reconcile.prom"


def write_metrics(found: Reconciliation, path: Path) -> None:
    """Replace the file. Raises OSError."""
    registry = CollectorRegistry()
    differences = Gauge(
        "hookstream_reconcile_differences",
        "Differences that the last reconciliation found.",
        ("source",),
        registry=registry,
    )
    unaccounted = Gauge(
        "hookstream_reconcile_unaccounted_events",
        "Events that the last reconciliation found no account of.",
        ("source",),
        registry=registry,
    )
    for account in found.sources:
        differences.labels(account.source)
        unaccounted.labels(account.source).set(account.unaccounted)
    for difference in found.differences:
        differences.labels(difference.source).inc()
    finished = Gauge(
        "hookstream_reconcile_finished_timestamp_seconds",
        "When the last reconciliation ended.",
        registry=registry,
    )
    finished.set_to_current_time()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
