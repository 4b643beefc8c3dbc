"""What schemas cannot say: the resources fit together, and to the code."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from deploy.kustomize import Document, containers, pod_spec
from deploy.manifests import APPLIED, rendered

from shared.events.model import SOURCES
from shared.settings import SECRETS, Settings
from shared.stream.topology import EVENTS, consumer_name
from shared.web import _LIVE, _READY

RUNNING = [name for name in APPLIED if name != "knative/broker"]
FIELDS = {field.encode_name.upper(): field.name for field in msgspec.structs.fields(Settings)}


def of_kind(documents: list[Document], kind: str) -> Iterator[Document]:
    return (document for document in documents if document["kind"] == kind)


def pods(documents: list[Document]) -> Iterator[dict[str, Any]]:
    return (pod for document in documents if (pod := pod_spec(document)))


def pod_labels(documents: list[Document]) -> list[dict[str, str]]:
    """Return the labels of all pods, those that Knative adds included."""
    found = []
    for document in documents:
        if pod_spec(document):
            labels = document["spec"]["template"]["metadata"]["labels"]
            service = {"serving.knative.dev/service": document["metadata"]["name"]}
            found.append({**labels, **(service if document["kind"] == "Service" else {})})
    return found


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items()
    return wanted <= labels.items() and all(
        expression["key"] in labels
        and labels[expression["key"]] in expression.get("values", [labels[expression["key"]]])
        for expression in selector.get("matchExpressions", [])
    )


@pytest.mark.parametrize("name", RUNNING)
def test_no_pod_may_do_more_than_it_has_to(name: str) -> None:
    accounts = {doc["metadata"]["name"]: doc for doc in of_kind(rendered(name), "ServiceAccount")}
    for pod in pods(rendered(name)):
        assert pod["automountServiceAccountToken"] is False
        assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        context = {**pod.get("securityContext", {}), **container["securityContext"]}
        assert context["runAsNonRoot"]
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", APPLIED)
def test_nobody_is_given_a_right(name: str) -> None:
    assert not [doc for doc in rendered(name) if doc["apiVersion"].startswith("rbac.")]


@pytest.mark.parametrize("name", RUNNING)
def test_the_environment_is_of_settings(name: str) -> None:
    documents = rendered(name)
    given: dict[str, str] = {}
    for config in of_kind(documents, "ConfigMap"):
        given |= config["data"]
    for document in documents:
        for container in containers(document):
            given |= {entry["name"]: entry["value"] for entry in container["env"]}
    files = {name for name in given if name.removesuffix("_FILE").lower() in SECRETS}
    given = {name: text for name, text in given.items() if name not in files}
    assert given.keys() <= FIELDS.keys()
    values = {FIELDS[variable]: text for variable, text in given.items()}
    msgspec.convert(values, Settings, strict=False)


@pytest.mark.parametrize("name", RUNNING)
def test_probes_ask_what_is_answered(name: str) -> None:
    for pod in pods(rendered(name)):
        [container] = pod["containers"]
        if container["name"] != "prepare":
            assert container["readinessProbe"]["httpGet"]["path"] in _READY
            assert container["livenessProbe"]["httpGet"]["path"] in _LIVE


@pytest.mark.parametrize("name", RUNNING)
def test_a_liveness_probe_does_not_ask_for_the_servers(name: str) -> None:
    for pod in pods(rendered(name)):
        probe = pod["containers"][0].get("livenessProbe")
        assert probe is None or probe["httpGet"]["path"] not in _READY


@pytest.mark.parametrize("name", RUNNING)
def test_selectors_select(name: str) -> None:
    documents = rendered(name)
    labels = pod_labels(documents)
    for budget in of_kind(documents, "PodDisruptionBudget"):
        assert [found for found in labels if selects(budget["spec"]["selector"], found)]
    for policy in of_kind(documents, "NetworkPolicy"):
        assert [found for found in labels if selects(policy["spec"]["podSelector"], found)]


def test_only_what_has_the_secret_reaches_the_database() -> None:
    for document in rendered("knative/base"):
        if pod := pod_spec(document):
            sources = pod["volumes"][0]["projected"]["sources"]
            secret = any(each["secret"]["name"].startswith("database-url") for each in sources)
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert secret == (labels.get("hookstream/database") == "true")


def test_only_what_has_the_secret_reaches_the_stream() -> None:
    [policy] = [d for d in rendered("knative/base") if d["metadata"]["name"] == "stream"]
    for document in rendered("knative/base"):
        if pod := pod_spec(document):
            sources = pod["volumes"][0]["projected"]["sources"]
            secret = any(each["secret"]["name"].startswith("nats-url-") for each in sources)
            labels = document["spec"]["template"]["metadata"]["labels"]
            assert secret == selects(policy["spec"]["podSelector"], labels)


@pytest.mark.parametrize("name", RUNNING)
def test_keda_asks_for_the_consumers_that_there_are(name: str) -> None:
    documents = rendered(name)
    [scaled] = of_kind(documents, "ScaledObject")
    asked = {trigger["metadata"]["consumer"] for trigger in scaled["spec"]["triggers"]}
    assert asked == {consumer_name(source) for source in SOURCES}
    assert {trigger["metadata"]["stream"] for trigger in scaled["spec"]["triggers"]} == {EVENTS}
    target = scaled["spec"]["scaleTargetRef"]["name"]
    [connector] = of_kind(documents, "Deployment")
    assert connector["metadata"]["name"] == target
    assert "replicas" not in connector["spec"]


def test_the_connector_calls_the_services_that_there_are() -> None:
    documents = rendered("knative/base")
    names = {doc["metadata"]["name"] for doc in of_kind(documents, "Service")}
    [connector] = of_kind(documents, "Deployment")
    [container] = containers(connector)
    urls = {e["name"]: e["value"] for e in container["env"] if e["name"].endswith("_URL")}
    for variable, url in urls.items():
        service = variable.removesuffix("_URL").replace("_", "-").lower()
        assert service in names
        assert url == f"http://{service}.hookstream.svc.cluster.local"
    assert len(urls) == len(SOURCES)


def test_triggers_deliver_to_the_services_that_there_are() -> None:
    names = {doc["metadata"]["name"] for doc in of_kind(rendered("knative/base"), "Service")}
    broker = rendered("knative/broker")
    channels = {doc["metadata"]["name"] for doc in of_kind(broker, "NatsJetStreamChannel")}
    for trigger in of_kind(broker, "Trigger"):
        assert trigger["spec"]["subscriber"]["ref"]["name"] in names
        assert trigger["spec"]["delivery"]["deadLetterSink"]["ref"]["name"] in channels
