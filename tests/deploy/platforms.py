"""What each platform's files say of each role, in terms that are the same for all platforms.

A further platform is one more entry in PLATFORMS: what its files hold, and how to read that.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.manifests import Edition, read_stack, rendered

from infra.local.stackfile import read_stack as read_local_stack

Place = tuple[str | int, ...]
"""The way to a member of a document, by names and indexes."""

AUTOSCALING = "autoscaling.knative.dev/"
OPENFAAS_SCALE = "com.openfaas.scale."
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


@dataclass(frozen=True)
class Platform:
    """One way to run the functions.

    `load` returns what is in its files; `read` makes roles of that, and raises whatever it likes
    if it cannot; `matters` yields the place of each member that says something of a role.
    """

    load: Callable[[], Any]
    read: Callable[[Any], dict[str, Role]]
    matters: Callable[[Any], Iterator[Place]]


def seconds(text: str) -> float:
    """Return a time such as 15s or 5m."""
    found = re.fullmatch(r"(\d+)(s|m)", text)
    assert found is not None, text
    return float(found[1]) * {"s": 1, "m": 60}[found[2]]


def on_openfaas(stack: Any) -> dict[str, Role]:  # noqa: ANN401 - as YAML has it
    """Return the roles of a stack file, as the local platform reads that."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(stack, file)  # which is YAML, too
        file.flush()
        specs = read_local_stack(Path(file.name))
    for name, spec in specs.items():
        _check_said(stack["functions"][name], spec.minimum)
    return {
        name: Role(
            environment=dict(spec.environment),
            secrets=frozenset(spec.secrets),
            minimum=spec.minimum,
            maximum=spec.maximum,
            target=spec.target,
            idle=spec.idle if spec.minimum == 0 else None,
            timeout=spec.timeout,
            limits=stack["functions"][name]["limits"],
            requests=stack["functions"][name]["requests"],
        )
        for name, spec in specs.items()
    }


def _check_said(function: Any, minimum: int) -> None:  # noqa: ANN401 - as above
    """Fail unless the file says what the local platform would otherwise take for granted.

    Community Edition has one replica at least of what goes to zero elsewhere.
    """
    assert int(function["labels"][f"{OPENFAAS_SCALE}min"]) == max(1, minimum)
    wanted = {"scale-target", "timeout"} | ({"scale-to-zero-after"} if minimum == 0 else set())
    assert {f"hookstream/{name}" for name in wanted} <= function["annotations"].keys()


def on_pro(stack: Any) -> dict[str, Role]:  # noqa: ANN401 - as above
    """Return the roles as the labels of OpenFaaS Standard scale them."""
    found = {}
    for name, role in on_openfaas(stack).items():
        labels = stack["functions"][name]["labels"]
        scale = {key.removeprefix(OPENFAAS_SCALE): text for key, text in labels.items()}
        assert scale["type"] == "capacity"
        zero = scale.get("zero") == "true"
        own = {
            "minimum": 0 if zero else int(scale["min"]),
            "maximum": int(scale["max"]),
            "target": int(scale["target"]),
            "idle": seconds(scale["zero-duration"]) if zero else None,
        }
        assert own == {name: getattr(role, name) for name in own}
        found[name] = Role(**{**vars(role), **own})
    return found


def in_stack(stack: Any) -> Iterator[Place]:  # noqa: ANN401 - as above
    """Yield what matters in a stack file."""
    for name, function in stack["functions"].items():
        here: Place = ("functions", name)
        yield here
        for part in ("environment", "limits", "requests"):
            yield from ((*here, part, key) for key in function[part])
        yield from ((*here, "secrets", index) for index, _ in enumerate(function["secrets"]))
        for part, first in (("labels", OPENFAAS_SCALE), ("annotations", "hookstream/")):
            yield from ((*here, part, key) for key in function[part] if key.startswith(first))


def on_knative(documents: Any) -> dict[str, Role]:  # noqa: ANN401 - as above
    """Return the roles of Knative's Services."""
    found = {
        each["metadata"]["name"]: _knative_role(each["spec"]["template"]) for each in documents
    }
    assert {each["apiVersion"] for each in documents} == {"serving.knative.dev/v1"}
    return found


def _knative_role(template: Any) -> Role:  # noqa: ANN401 - as above
    [container] = template["spec"]["containers"]
    annotations = template["metadata"]["annotations"]
    scale = {name.removeprefix(AUTOSCALING): text for name, text in annotations.items()}
    minimum = int(scale["min-scale"])
    idle = seconds(scale["scale-to-zero-pod-retention-period"])
    assert scale["metric"] == "concurrency"
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


def mounted_secrets(pod: Any) -> frozenset[str]:  # noqa: ANN401 - as above
    """Return the secrets that a pod's container finds below SECRETS."""
    [container] = pod["containers"]
    [volume] = pod["volumes"]
    [mount] = container["volumeMounts"]
    assert (mount["name"], mount["mountPath"]) == (volume["name"], SECRETS)
    return frozenset(source["secret"]["name"] for source in volume["projected"]["sources"])


def in_services(documents: Any) -> Iterator[Place]:  # noqa: ANN401 - as above
    """Yield what matters in Knative's Services."""
    for index, document in enumerate(documents):
        yield from ((index,), (index, "metadata", "name"))
        here: Place = (index, "spec", "template")
        template = document["spec"]["template"]
        [container], [volume] = template["spec"]["containers"], template["spec"]["volumes"]
        annotations = template["metadata"]["annotations"]
        stays = annotations[f"{AUTOSCALING}min-scale"] != "0"
        yield from (
            (*here, "metadata", "annotations", key)
            for key in annotations
            if not (stays and "to-zero" in key)
        )
        yield from ((*here, "spec", key) for key in ("timeoutSeconds", "containerConcurrency"))
        inside: Place = (*here, "spec", "containers", 0)
        yield from ((*inside, "env", number) for number, _ in enumerate(container["env"]))
        yield (*inside, "volumeMounts", 0)
        for part in ("limits", "requests"):
            yield from ((*inside, "resources", part, key) for key in container["resources"][part])
        sources: Place = (*here, "spec", "volumes", 0, "projected", "sources")
        yield from ((*sources, n) for n, _ in enumerate(volume["projected"]["sources"]))


def _services() -> Any:  # noqa: ANN401 - as above
    """Return the Services of Knative's base, which the overlays scale by size alone."""
    found = rendered("knative/base")
    return [each for each in found if each["apiVersion"].startswith("serving.knative.dev/")]


def _stack(edition: Edition) -> Callable[[], Any]:
    return lambda: read_stack(edition)


PLATFORMS = {
    "OpenFaaS Community Edition, local platform, Compose": Platform(
        _stack("community"), on_openfaas, in_stack
    ),
    "OpenFaaS Standard": Platform(_stack("pro"), on_pro, in_stack),
    "Knative": Platform(_services, on_knative, in_services),
}
