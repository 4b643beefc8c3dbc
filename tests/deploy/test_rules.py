"""What Prometheus and Grafana are given: checked by promtool, alerts explained and tried."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deploy.manifests import ROOT
from deploy.promtool import DASHBOARDS, FOLDER, RULES, alerts, metrics_of, panels, promtool, rules

CASES = Path(__file__).with_name("rules") / "alerts.yml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
METRICS = ROOT / "docs" / "metrics.md"


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_are_valid(path: Path) -> None:
    assert "SUCCESS" in promtool("check", "rules", str(path))


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_configurations_are_valid(name: str) -> None:
    assert "valid prometheus config file" in promtool("check", "config", str(FOLDER / name))


def test_the_clusters_configuration_is_valid(tmp_path: Path) -> None:
    # Debian's build knows no cluster: the discovery is checked here, and the rest by promtool.
    document = msgspec.yaml.decode((FOLDER / "kubernetes.yml").read_bytes())
    document["rule_files"] = [str(FOLDER / path) for path in document["rule_files"]]
    for job in document["scrape_configs"]:
        [discovery] = job.pop("kubernetes_sd_configs")
        assert discovery.keys() <= {"role", "namespaces"}
        assert discovery["role"] in {"pod", "node"}
        job["static_configs"] = [{"targets": ["127.0.0.1:8080"]}]
        job.pop("tls_config", None)  # names files of a pod
        job.pop("authorization", None)
    path = tmp_path / "kubernetes.yml"
    path.write_bytes(msgspec.yaml.encode(document))
    assert "valid prometheus config file" in promtool("check", "config", str(path))


def test_rules_fire_and_stay_silent() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(CASES))


@pytest.mark.parametrize("name", sorted(alerts()))
def test_each_alert_is_tried_both_ways(name: str) -> None:
    cases = msgspec.yaml.decode(CASES.read_bytes())["tests"]
    expected = [
        bool(check["exp_samples"])
        for case in cases
        for check in case["promql_expr_test"]
        if f'alertname="{name}", alertstate="firing"' in check["expr"]
    ]
    assert set(expected) == {True, False}


def _runbooks() -> dict[str, str]:
    parts = re.split(r"^## (\w+)\n", RUNBOOKS.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    runbooks = _runbooks()
    assert set(runbooks) == set(alerts())
    assert all(len(text.split()) > 30 for text in runbooks.values())


@pytest.mark.parametrize(("name", "rule"), sorted(alerts().items()), ids=sorted(alerts()))
def test_an_alert_says_what_and_where_to_read(name: str, rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{name.lower()}"


def test_runbooks_name_panels_that_exist() -> None:
    shown = {title for _, title, _ in panels()}
    named = set(re.findall(r"\*([A-Z][^*\n]+)\*", RUNBOOKS.read_text().replace("\n", " ")))
    unknown = {name for name in named if not any(title.startswith(name) for title in shown)}
    assert not unknown


def test_rules_and_dashboards_read_documented_metrics() -> None:
    documented = set(re.findall(r"^\| `(\w+)`", METRICS.read_text(), flags=re.MULTILINE))
    foreign = {"up", "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"}
    expressions = [rule["expr"] for rule in rules()] + [expression for _, _, expression in panels()]
    read = {name for expression in expressions for name in metrics_of(expression)}
    assert read <= documented | foreign


def test_recorded_series_that_are_read_are_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    expressions = [rule["expr"] for rule in rules()] + [expression for _, _, expression in panels()]
    read = {name for e in expressions for name in re.findall(r"hookstream:\w+:\w+", e)}
    assert read <= recorded


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    document = msgspec.json.decode(path.read_bytes())
    assert document["uid"] == path.stem
    assert document["title"]
    for panel in document["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert panel["targets"], panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
