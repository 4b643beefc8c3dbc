"""Every role is on every platform, with the same environment, secrets and scaling."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from deploy.kustomize import Document, containers, pod_spec
from deploy.manifests import STACKS, Edition, read_stack, rendered, roles

from infra.local.stackfile import read_stack as read_local_stack

AUTOSCALING = "autoscaling.knative.dev/"
SECRETS = "/var/openfaas/secrets"


@dataclass(frozen=True)
class Role:
    """What a platform is told of a function; `idle` and `timeout` are in seconds."""

    environment: dict[str, str]
    secrets: frozenset[str]
    minimum: int
    maximum: int
    target: int
    idle: float | None
    timeout: float
    limits: dict[str, str]
    requests: dict[str, str]


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)(s|m)", text)
    assert found is not None, text
    return float(found[1]) * {"s": 1, "m": 60}[found[2]]


def on_openfaas(edition: Edition) -> dict[str, Role]:
    """Return the roles of a stack file; the local platform runs the same file."""
    stack = read_stack(edition)["functions"]
    specs = read_local_stack(STACKS[edition])
    return {
        name: Role(
            environment=dict(spec.environment),
            secrets=frozenset(spec.secrets),
            minimum=spec.minimum,
            maximum=spec.maximum,
            target=spec.target,
            idle=spec.idle if spec.minimum == 0 else None,
            timeout=spec.timeout,
            limits=stack[name]["limits"],
            requests=stack[name]["requests"],
        )
        for name, spec in specs.items()
    }


def on_pro() -> dict[str, Role]:
    """Return the roles as the labels of OpenFaaS Standard scale them."""
    found = {}
    for name, role in on_openfaas("pro").items():
        labels = read_stack("pro")["functions"][name]["labels"]
        scale = {key.removeprefix("com.openfaas.scale."): text for key, text in labels.items()}
        zero = scale.get("zero") == "true"
        own = {
            "minimum": 0 if zero else int(scale["min"]),
            "maximum": int(scale["max"]),
            "target": int(scale["target"]),
            "idle": seconds(scale["zero-duration"]) if zero else None,
        }
        found[name] = Role(**{**vars(role), **own})
    return found


def on_knative() -> dict[str, Role]:
    """Return the roles of Knative's base, which the overlays scale by size alone."""
    services = [doc for doc in rendered("knative/base") if doc["apiVersion"].startswith("serving")]
    return {doc["metadata"]["name"]: knative_role(doc["spec"]["template"]) for doc in services}


def knative_role(template: Document) -> Role:
    [container] = template["spec"]["containers"]
    annotations = template["metadata"]["annotations"]
    scale = {name.removeprefix(AUTOSCALING): text for name, text in annotations.items()}
    minimum = int(scale["min-scale"])
    idle = seconds(scale["scale-to-zero-pod-retention-period"])
    assert int(scale["target"]) <= template["spec"]["containerConcurrency"]
    return Role(
        environment={entry["name"]: entry["value"] for entry in container["env"]},
        secrets=mounted_secrets(template["spec"]),
        minimum=minimum,
        maximum=int(scale["max-scale"]),
        target=int(scale["target"]),
        idle=idle if minimum == 0 else None,
        timeout=float(template["spec"]["timeoutSeconds"]),
        limits=container["resources"]["limits"],
        requests=container["resources"]["requests"],
    )


def mounted_secrets(pod: dict[str, Any]) -> frozenset[str]:
    [container] = pod["containers"]
    [volume] = pod["volumes"]
    [mount] = container["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], SECRETS)
    return frozenset(source["secret"]["name"] for source in volume["projected"]["sources"])


PLATFORMS = {
    "OpenFaaS Community Edition, local platform, Compose": lambda: on_openfaas("community"),
    "OpenFaaS Standard": on_pro,
    "Knative": on_knative,
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_role_is_on_every_platform(platform: str) -> None:
    assert set(PLATFORMS[platform]()) == roles()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platforms_agree(platform: str) -> None:
    assert PLATFORMS[platform]() == on_openfaas("community")


def test_the_image_and_the_local_platform_run_the_same_role() -> None:
    for name, role in on_openfaas("community").items():
        assert role.environment["ROLE"] == name
    for name, function in read_stack("community")["functions"].items():
        assert function["fprocess"] == f"python -m shared.serve {name}"


@pytest.mark.parametrize("overlay", ["dev", "staging", "production"])
def test_overlays_keep_every_role(overlay: str) -> None:
    found = [doc for doc in rendered(f"knative/overlays/{overlay}") if pod_spec(doc)]
    named = {entry["value"] for doc in found for c in containers(doc) for entry in c["env"][:1]}
    assert named == {*roles(), "connector", "prepare"}


@pytest.mark.parametrize("platform", ["knative/base", "openfaas/kubernetes"])
@pytest.mark.parametrize("name", ["connector", "prepare"])
def test_what_runs_beside_the_functions_has_both_secrets(platform: str, name: str) -> None:
    for document in rendered(platform):
        if (pod := pod_spec(document)) and pod["containers"][0]["name"] == name:
            own = {"delivery-key"} if name == "connector" else set()
            assert mounted_secrets(pod) == {"nats-url", "database-url"} | own
            return
    pytest.fail(f"{name} is missing")
