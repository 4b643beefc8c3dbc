"""A reconciliation as metrics, and the gateway's metrics with it."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from infra.local.metrics import Archive
from infra.reconciling.exposition import FILE, write_metrics
from infra.reconciling.result import Balance, Difference, Reconciliation


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return the samples by name and source."""
    return {
        (sample.name, sample.labels.get("source", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_gateways_metrics_hold_the_last_reconciliation(tmp_path: Path) -> None:
    accounts = [Balance("facebook", unaccounted=7), Balance("tiktok")]
    lost = Difference("facebook", "vanished", "7", "0", "They are gone.")
    write_metrics(Reconciliation(accounts, [lost]), tmp_path / FILE)
    found = samples(Archive(tmp_path).render().decode())
    assert found["hookstream_reconcile_differences", "facebook"] == 1
    assert found["hookstream_reconcile_differences", "tiktok"] == 0
    assert found["hookstream_reconcile_unaccounted_events", "facebook"] == 7
    assert found["hookstream_reconcile_finished_timestamp_seconds", ""] > 1.7e9
    write_metrics(Reconciliation(accounts, []), tmp_path / FILE)
    found = samples(Archive(tmp_path).render().decode())
    assert found["hookstream_reconcile_differences", "facebook"] == 0
