"""The servers' settings for clusters go with the streams' and the functions'."""

from typing import Any

import pytest
import yaml
from deploy.kustomize import load
from deploy.manifests import INFRA, rendered

from shared.store.kinds import KINDS, group

VALUES = yaml.safe_load((INFRA / "nats" / "values.yaml").read_text())


def copies(name: str) -> int:
    """Return the copies of each stream that an overlay asks for."""
    [settings] = [each for each in rendered(name) if each["kind"] == "ConfigMap"]
    return int(settings["data"]["STREAM_REPLICAS"])


def test_messages_are_on_disk_before_they_are_acknowledged() -> None:
    assert VALUES["config"]["jetstream"]["merge"]["sync_interval"] == "always"
    assert "sync_interval: always" in (INFRA / "nats" / "hookstream.conf").read_text()


@pytest.mark.parametrize(
    "name",
    ["knative/overlays/staging", "knative/overlays/production", "openfaas/kubernetes"],
)
def test_there_are_as_many_servers_as_copies(name: str) -> None:
    assert VALUES["config"]["cluster"]["enabled"] is True
    assert VALUES["config"]["cluster"]["replicas"] == copies(name) == 3


def test_dev_has_one_server() -> None:
    assert copies("knative/overlays/dev") == 1


def test_servers_are_apart_and_go_one_at_a_time() -> None:
    spread = VALUES["podTemplate"]["topologySpreadConstraints"]["kubernetes.io/hostname"]
    assert spread == {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    assert VALUES["podDisruptionBudget"]["enabled"] is True


def test_the_database_has_groups_and_logins_of_each_kind() -> None:
    [cluster] = load(INFRA / "postgres" / "cluster.yaml")
    found = {each["name"]: each for each in cluster["spec"]["managed"]["roles"]}
    assert found.keys() == {*KINDS, *map(group, KINDS)}
    for kind in KINDS:
        assert found[group(kind)]["login"] is False
        assert found[kind]["login"] is True
        assert found[kind]["inRoles"] == [group(kind)]
        assert found[kind]["passwordSecret"] == {"name": f"database-login-{kind}"}
    assert found[group("connector")]["inRoles"] == ["pg_read_all_stats"]


def test_a_commit_is_on_a_standby_before_it_is_acknowledged() -> None:
    [cluster] = load(INFRA / "postgres" / "cluster.yaml")
    spec: dict[str, Any] = cluster["spec"]
    assert spec["minSyncReplicas"] >= 1
    assert spec["instances"] > spec["minSyncReplicas"] + 1, "one standby may be away"
    parameters = spec["postgresql"]["parameters"]
    assert parameters.get("synchronous_commit", "on") == "on"
    assert parameters.get("fsync", "on") == "on"
