"""Every manifest is valid, and every schema would notice if it were not."""

import copy
from functools import cache
from typing import Any

import pytest
from deploy.kustomize import Document, load
from deploy.manifests import (
    APPLIED,
    INFRA,
    KUSTOMIZATIONS,
    STACKS,
    Edition,
    problems,
    read_stack,
    rendered,
    stack_problems,
)

ANNOTATIONS = "spec/template/metadata/annotations"
MIN_SCALE = "autoscaling.knative.dev/min-scale"
POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
KEDA = "spec/triggers/0/metadata"
MISSING = object()

MISTAKES = [
    ("Service", ANNOTATIONS, "autoscaling.knative.dev/minscale", "0"),
    ("Service", ANNOTATIONS, MIN_SCALE, 0),
    ("Service", ANNOTATIONS, MIN_SCALE, MISSING),
    ("Service", ANNOTATIONS, "autoscaling.knative.dev/scale-to-zero-pod-retention-period", "15"),
    ("Service", "metadata", "annotations", {MIN_SCALE: "0"}),
    ("Service", "metadata/labels", "networking.knative.dev/visibilty", "cluster-local"),
    ("Service", POD, "containerConcurency", 2),
    ("Service", POD, "timeoutSeconds", "60"),
    ("Service", POD, "terminationGracePeriodSeconds", 60),
    ("Service", POD, "automountServiceAccountToken", True),
    ("Service", CONTAINER, "livenesProbe", {"httpGet": {"path": "/health/live"}}),
    ("Service", f"{CONTAINER}/env/0", "name", "PORT"),
    ("Service", f"{CONTAINER}/securityContext", "readOnlyRootFilesystem", False),
    ("Service", f"{CONTAINER}/securityContext", "privileged", True),
    ("Service", f"{CONTAINER}/resources", "limits", MISSING),
    ("ScaledObject", "spec", "minReplicas", 1),
    ("ScaledObject", "spec", "maxReplicaCount", "4"),
    ("ScaledObject", "spec/triggers/0", "type", "nats-jetsream"),
    ("ScaledObject", KEDA, "lagTreshold", "500"),
    ("ScaledObject", KEDA, "lagThreshold", 500),
    ("ScaledObject", KEDA, "consumer", MISSING),
    ("Trigger", "spec/delivery", "backoffPolicy", MISSING),
    ("Trigger", "spec/delivery", "backoffPolicy", "exponentially"),
    ("Trigger", "spec/delivery", "backoffDelay", "1s"),
    ("Trigger", "spec/delivery", "retries", 10),
    ("Trigger", "spec/delivery", "deadLetterSink", MISSING),
    ("Broker", "metadata/annotations", "eventing.knative.dev/broker.class", "NatsJetStream"),
    ("Broker", "metadata", "annotations", MISSING),
    ("NatsJetStreamChannel", "metadata", "nmae", "undelivered"),
    ("Cluster", "spec/storage", "size", "200 GB"),
    ("Cluster", "spec", "instance", 3),
    ("Deployment", "spec", "replica", 1),
    ("Deployment", f"{CONTAINER}/ports/0", "containerPort", "8080"),
    ("Deployment", CONTAINER, "readinesProbe", {}),
    ("Job", "spec", "backofLimit", 1),
    ("NetworkPolicy", "spec", "policyType", ["Ingress"]),
    ("PodDisruptionBudget", "spec", "maxUnavailabel", 1),
    ("ConfigMap", "data", "ROWS_KEEP_DAYS", 1),
]
STACK_MISTAKES = [
    ("annotations", "hookstream/scale-mni", "0"),
    ("annotations", "com.openfaas.ready.http.paht", "/_/ready"),
    ("labels", "com.openfaas.scale.minimum", "1"),
    ("labels", "com.openfaas.scale.max", 4),
    ("", "readonly_root_filesytem", True),
    ("", "readonly_root_filesystem", False),
    ("", "secrets", ["database-ulr"]),
    ("", "build_args", ["A=b"]),
    ("limits", "memroy", "1Mi"),
    ("environment", "PORT", 8080),
]
REFUSED_BY_COMMUNITY = [
    ("com.openfaas.scale.zero", "true"),
    ("com.openfaas.scale.zero-duration", "15s"),
    ("com.openfaas.scale.target", "2"),
    ("com.openfaas.scale.type", "capacity"),
    ("com.openfaas.scale.max", "6"),
]


def postgres() -> list[Document]:
    return load(INFRA / "postgres" / "cluster.yaml")


@cache
def everything() -> list[Document]:
    return [*rendered("knative/overlays/dev"), *rendered("knative/broker"), *postgres()]


def changed(document: Document, place: str, name: str, value: object) -> Document:
    """Return the document with one member set, or left out."""
    wrong = copy.deepcopy(document)
    inner: Any = wrong
    for step in filter(None, place.split("/")):
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    if value is MISSING:
        del inner[name]
    else:
        inner[name] = value
    return wrong


def test_every_kustomization_is_applied_or_part_of_one() -> None:
    bases = {"knative/base", "kubernetes", "keda"}
    assert set(KUSTOMIZATIONS) == {*APPLIED, *bases}


@pytest.mark.parametrize("name", APPLIED)
def test_the_resources_are_valid(name: str) -> None:
    for document in rendered(name):
        assert problems(document) == [], document["metadata"]["name"]


def test_the_database_cluster_is_valid() -> None:
    assert [problems(document) for document in postgres()] == [[]]


@pytest.mark.parametrize(("kind", "place", "name", "value"), MISTAKES)
def test_a_mistake_is_noticed(kind: str, place: str, name: str, value: object) -> None:
    document = next(found for found in everything() if found["kind"] == kind)
    assert problems(document) == []
    assert problems(changed(document, place, name, value))


@pytest.mark.parametrize("edition", STACKS)
def test_the_stack_files_are_valid(edition: Edition) -> None:
    assert stack_problems(read_stack(edition), edition) == []


@pytest.mark.parametrize(("place", "name", "value"), STACK_MISTAKES)
def test_a_mistake_in_a_stack_file_is_noticed(place: str, name: str, value: object) -> None:
    stack = read_stack("community")
    wrong = changed(stack, f"functions/fb-consume/{place}", name, value)
    assert stack_problems(wrong, "community")


@pytest.mark.parametrize(("label", "value"), REFUSED_BY_COMMUNITY)
def test_community_edition_takes_no_pro_label(label: str, value: str) -> None:
    wrong = changed(read_stack("community"), "functions/fb-consume/labels", label, value)
    assert stack_problems(wrong, "community")
    assert stack_problems(wrong, "pro") == []


def test_editions_differ_by_the_pro_labels_alone() -> None:
    community, pro = read_stack("community"), read_stack("pro")
    for function in pro["functions"].values():
        function["labels"] = {
            name: value
            for name, value in function["labels"].items()
            if name in {"com.openfaas.scale.min", "com.openfaas.scale.max"}
        }
    assert pro == community
