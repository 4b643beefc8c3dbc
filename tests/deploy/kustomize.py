"""Renders kustomizations, as far as this project uses them.

Stricter than kustomize: a field that is not known here, a resource twice and a patch that meets
nothing are errors. Where kubectl is installed, a test holds the output against its own.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]

_FIELDS = {"apiVersion", "kind", "namespace", "resources", "images", "patches"}
_CLUSTER_WIDE = {"Namespace"}


class KustomizeError(Exception):
    """The kustomization cannot be rendered."""


def render(folder: Path) -> list[Document]:
    """Return what `kubectl kustomize FOLDER` prints."""
    kustomization = load(folder / "kustomization.yaml")[0]
    if unknown := kustomization.keys() - _FIELDS:
        raise KustomizeError(f"{folder}: unknown field {min(unknown)}")
    documents = [doc for name in kustomization["resources"] for doc in _resource(folder / name)]
    for patch in kustomization.get("patches", []):
        _patch(documents, patch, folder)
    for image in kustomization.get("images", []):
        _set_image(documents, image, folder)
    if namespace := kustomization.get("namespace"):
        for document in documents:
            if document["kind"] not in _CLUSTER_WIDE:
                document["metadata"]["namespace"] = namespace
    _refuse_repetition(documents, folder)
    return documents


def load(path: Path) -> list[Document]:
    """Return the documents of a YAML file."""
    return [doc for doc in yaml.safe_load_all(path.read_text()) if doc is not None]


def _resource(path: Path) -> list[Document]:
    return render(path) if path.is_dir() else load(path)


def _refuse_repetition(documents: list[Document], folder: Path) -> None:
    names = [identity(document) for document in documents]
    if len(names) != len(set(names)):
        raise KustomizeError(f"{folder}: {max(names, key=names.count)} is there twice")


def identity(document: Document) -> tuple[str, str, str]:
    """Return API version, kind and name."""
    return document["apiVersion"], document["kind"], document["metadata"]["name"]


def _patch(documents: list[Document], patch: Document, folder: Path) -> None:
    target = patch["target"]
    text = patch["patch"] if "patch" in patch else (folder / patch["path"]).read_text()
    met = [document for document in documents if _is_target(document, target)]
    if not met or patch.keys() - {"target", "patch", "path"}:
        raise KustomizeError(f"{folder}: no resource is {target}")
    for document in met:
        for operation in yaml.safe_load(text):
            _apply(document, operation, folder)


def _is_target(document: Document, target: dict[str, str]) -> bool:
    version, kind, name = identity(document)
    group = version.rpartition("/")[0]
    return (
        kind == target["kind"]
        and target.get("group", group) == group
        and re.fullmatch(target.get("name", ".*"), name) is not None
    )


def _apply(document: Document, operation: Document, folder: Path) -> None:
    """Apply one operation of JSON Patch (RFC 6902)."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")]
    place: Any = document
    for step in steps[1:-1]:
        place = place[int(step)] if isinstance(place, list) else place[step]
    last: Any = int(steps[-1]) if isinstance(place, list) else steps[-1]
    kind = operation["op"]
    if kind not in {"add", "replace"} or (kind == "replace" and last not in place):
        raise KustomizeError(f"{folder}: cannot {kind} {operation['path']}")
    place[last] = copy.deepcopy(operation["value"])


def _set_image(documents: list[Document], image: dict[str, str], folder: Path) -> None:
    met = [c for doc in documents for c in containers(doc) if c["image"] == image["name"]]
    if not met:
        raise KustomizeError(f"{folder}: no container has the image {image['name']}")
    for container in met:
        container["image"] = f"{image['newName']}:{image['newTag']}"


def containers(document: Document) -> Iterator[Document]:
    """Yield the containers of whatever starts pods."""
    if (pod := pod_spec(document)) is not None:
        yield from pod["containers"]


def pod_spec(document: Document) -> Document | None:
    """Return the specification of the pods that the document starts, if it does."""
    template = document.get("spec", {}).get("template", {})
    found: Document | None = template.get("spec")
    return found
