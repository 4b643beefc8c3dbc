"""The manifests, rendered, and what is wrong with one."""

import copy
from functools import cache
from pathlib import Path
from typing import Any, Literal

import kubernetes_validate
import yaml
from deploy.kustomize import Document, render
from jsonschema import Draft202012Validator

from infra.local.nats_users import USERS
from shared.settings import SECRETS
from shared.store.kinds import KINDS

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
SCHEMAS = Path(__file__).parent / "schemas"
KUBERNETES = "1.33"

KUSTOMIZATIONS = {
    path.parent.relative_to(INFRA).as_posix(): path.parent
    for path in sorted(INFRA.rglob("kustomization.yaml"))
}
APPLIED = [
    "knative/overlays/dev",
    "knative/overlays/staging",
    "knative/overlays/production",
    "knative/broker",
    "openfaas/kubernetes",
]
"""What the READMEs have people apply."""

Edition = Literal["community", "pro"]
STACKS: dict[Edition, Path] = {
    "community": INFRA / "openfaas" / "stack.yaml",
    "pro": INFRA / "openfaas" / "stack.pro.yaml",
}


@cache
def rendered(name: str) -> list[Document]:
    """Return the resources of a kustomization, e.g. `knative/base`, which are not to be changed."""
    return render(KUSTOMIZATIONS[name])


def roles() -> set[str]:
    """Return the names of the functions: the folders in functions/ with a program."""
    return {path.parent.name.replace("_", "-") for path in (ROOT / "functions").glob("*/main.py")}


def problems(document: Document) -> list[str]:
    """Return what is wrong with a resource: by our schema of its kind, else by Kubernetes'."""
    group = document["apiVersion"].rpartition("/")[0]
    schema = SCHEMAS / f"{group}.{document['kind']}.yaml"
    if schema.exists():
        return _errors(_schema(schema), document)
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [error.message]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"there is no schema of {document['apiVersion']} {document['kind']}"]
    return []


def stack_problems(stack: Document, edition: Edition) -> list[str]:
    """Return what is wrong with a stack file of OpenFaaS."""
    schema = copy.deepcopy(_schema(SCHEMAS / "stack.yaml"))
    function = schema["properties"]["functions"]["additionalProperties"]["properties"]
    function["labels"]["properties"] = schema["$defs"].pop(edition)
    names = {name.replace("_", "-") for name in SECRETS}
    names |= {f"nats-url-{user}" for user in USERS} | {f"database-url-{kind}" for kind in KINDS}
    function["secrets"]["items"]["enum"] = sorted(names)
    return _errors(schema, stack)


def read_stack(edition: Edition) -> Document:
    """Return a stack file, as YAML parsers see it."""
    stack: Document = yaml.safe_load(STACKS[edition].read_text())
    return stack


@cache
def _schema(path: Path) -> dict[str, Any]:
    schema = yaml.safe_load(path.read_text())
    definitions = yaml.safe_load((SCHEMAS / "definitions.yaml").read_text())
    return {**schema, "$defs": {**definitions, **schema.get("$defs", {})}}


def _errors(schema: dict[str, Any], document: Document) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]
