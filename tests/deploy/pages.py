"""The commands of the pages that begin at an empty cluster, and what is wrong with one."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml
from deploy.manifests import APPLIED, INFRA, KUSTOMIZATIONS, ROOT, rendered, roles
from typer.testing import CliRunner

from infra.cli import app
from infra.local.nats_users import USERS
from shared.settings import SECRETS as SECRET_SETTINGS
from shared.store.kinds import KINDS as DATABASE_KINDS

SECRETS = {name.replace("_", "-") for name in SECRET_SETTINGS}
SECRETS |= {f"nats-url-{user}" for user in USERS}
SECRETS |= {f"database-url-{kind}" for kind in DATABASE_KINDS}
SERVERS_SECRETS = {("nats-users", "nats"): set(USERS)} | {
    (f"database-login-{kind}", "postgres"): {"username", "password"} for kind in DATABASE_KINDS
}
"""The keys of secrets that servers have, by their names and namespaces."""
FAAS_CLI = {"login", "secret", "deploy", "list", "describe", "invoke", "logs", "remove", "version"}
PLACEHOLDERS = {"IMAGE", "OPENFAAS_URL"}
KINDS = {"job": "Job", "deploy": "Deployment", "ksvc": "Service", "configmap": "ConfigMap"}
THEIR_NAMESPACES = {"nats", "postgres", "keda", "cnpg-system", "openfaas", "knative-serving"}
NOT_OURS = {("secret", "hookstream-app"), ("configmap", "config-network")}
"""What CloudNativePG and Knative make."""

Words = Sequence[str]


@dataclass(frozen=True)
class Command:
    """A command of a page, and what the page says was done with it, '' if nothing."""

    text: str
    mark: str


def page(name: str) -> str:
    """Return the page of a folder of infra/."""
    return (INFRA / name / "README.md").read_text()


def commands(text: str) -> list[Command]:
    """Return the commands of a page's shell blocks in their order."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        joined = re.sub(r" *\\\n\s*|(?<=\|)\n\s*", " ", block)
        for line in joined.splitlines():
            command, _, mark = line.partition("  #")
            found.append(Command(command.strip(), mark.strip()))
    return found


def marks(text: str) -> set[str]:
    """Return the marks that a page explains in its first table."""
    table = text.partition("| mark | meaning |")[2].partition("\n\n")[0]
    return {mark.strip("* ") for mark in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)} - {
        "---"
    }


def problems(listed: Sequence[Command]) -> list[str]:
    """Return what is wrong with the commands of a page: what they name and is not there."""
    found = []
    repositories: set[str] = set()
    for command in listed:
        for words in _simple(command.text):
            if words[:3] == ["helm", "repo", "add"]:
                repositories.add(words[3])
            check = _CHECKS.get(words[0])
            wrong = ["unknown program"] if check is None else list(check(words[1:]))
            if words[:2] == ["helm", "install"] and words[3].split("/")[0] not in repositories:
                wrong.append("its repository was not added before")
            found += [f"{command.text}: {each}" for each in wrong]
    return found


def _simple(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in a pipeline, of those within $(…) too."""
    inner = re.findall(r"\$\(([^()]*)\)", text)
    for each in inner:
        yield from _simple(each)
    outer = re.sub(r"\$\([^()]*\)", "_", text)
    for part in re.split(r" \| ", outer):
        yield [word for word in shlex.split(part) if word not in {"<", ">"}]


def _given(words: Words, *names: str) -> list[str]:
    """Return the values of options."""
    pairs = pairwise(words)
    joined = [word.partition("=") for word in words if "=" in word]
    return [value for name, value in pairs if name in names] + [
        value for name, _, value in joined if name in names
    ]


def _files(words: Words, *options: str) -> Iterator[str]:
    for path in _given(words, *options):
        if not path.startswith("https://") and not (ROOT / path).is_file():
            yield f"no file {path}"


def _docker(words: Words) -> Iterator[str]:
    yield from _files(words, "-f", "--env-file")
    if words[0] == "compose":
        yield from _compose(words)
    elif words[0] not in {"build", "push"}:
        yield f"docker {words[0]}"


def _compose(words: Words) -> Iterator[str]:
    services = yaml.safe_load((ROOT / "docker-compose.local.yml").read_text())["services"]
    profiles = {name for each in services.values() for name in each.get("profiles", [])}
    yield from (f"no profile {name}" for name in _given(words, "--profile") if name not in profiles)
    for verb in ("run", "exec"):
        if verb in words:
            rest = [word for word in words[words.index(verb) + 1 :] if not word.startswith("-")]
            if rest[0] not in services:
                yield f"no service {rest[0]}"
            if rest[1:2] == ["hookstream"]:
                yield from _hookstream(rest[2:])
            return
    if not {"up", "down"} & set(words):
        yield "no verb"


def _kubectl(words: Words) -> Iterator[str]:
    verb, *rest = words
    yield from _files(rest, "-f")
    for folder in [*_given(rest, "-k"), *(rest[:1] if verb == "kustomize" else [])]:
        path = ROOT / folder
        names = [name for name, place in KUSTOMIZATIONS.items() if place == path]
        if not set(names) & set(APPLIED):
            yield f"{folder} is nothing that is applied"
    namespaces = THEIR_NAMESPACES | {"hookstream", "openfaas-fn"}
    yield from (f"no namespace {n}" for n in _given(rest, "-n") if n not in namespaces)
    if verb == "create":
        yield from _created(rest, namespaces)
    elif verb in {"delete", "wait", "exec", "get", "patch"}:
        yield from _objects(rest, *_given(rest, "-n"))
        if "--" in rest:
            yield from _CHECKS[rest[rest.index("--") + 1]](rest[rest.index("--") + 2 :])
    elif verb not in {"apply", "kustomize", "port-forward"}:
        yield f"kubectl {verb}"


def _created(words: Words, namespaces: set[str]) -> Iterator[str]:
    if words[0] == "namespace":
        if words[1] not in namespaces:
            yield f"namespace {words[1]} is used nowhere"
        return
    name = words[2]
    theirs = SERVERS_SECRETS.get((name, "".join(_given(words, "-n"))))
    keys = {v.partition("=")[0] for v in _given(words, "--from-file")}
    keys |= {w.split("=")[1] for w in words if w.startswith(("--from-literal=", "--from-file="))}
    known = name in SECRETS or theirs is not None
    if words[:2] != ["secret", "generic"] or not known or keys - (theirs or {name}) - {""}:
        yield f"no secret {name} with the key {sorted(keys)}"


def _objects(words: Words, namespace: str = "") -> Iterator[str]:
    """Check the objects that are named, e.g. job/hookstream-prepare or ksvc webhook-ingest."""
    plain = list(words[: words.index("--") if "--" in words else None])
    named = [word.split("/") for word in plain if re.fullmatch(r"[a-z]+/[a-z-]+", word)]
    if plain[0] in {*KINDS, "secret"} and len(plain) > 1 and not plain[1].startswith("-"):
        named.append(plain[:2])
    for kind, name in named:
        if (kind, name) not in NOT_OURS and not _exists(kind, name, namespace):
            yield f"no {kind} {name} in {namespace}"


def _exists(kind: str, name: str, namespace: str) -> bool:
    place = {"hookstream": "knative/overlays/production", "openfaas-fn": "openfaas/kubernetes"}
    return namespace in place and any(
        (each["kind"], each["metadata"]["name"]) == (KINDS.get(kind), name)
        for each in rendered(place[namespace])
    )


def _helm(words: Words) -> Iterator[str]:
    yield from _files(words, "-f")
    if words[0] == "install":
        spaces = _given(words, "-n")
        yield from (f"no namespace {n}" for n in spaces if n not in THEIR_NAMESPACES)
        if len(spaces) != 1:
            yield "no namespace"
    elif words[:2] != ["repo", "add"]:
        yield f"helm {words[0]}"


def _faas_cli(words: Words) -> Iterator[str]:
    if words[0] not in FAAS_CLI:
        yield f"faas-cli {words[0]}"
    yield from _files(words, "-f")
    if words[0] == "secret" and words[2] not in SECRETS:
        yield f"no secret {words[2]}"
    if words[0] == "deploy":
        for path in _given(words, "-f"):
            if not {"openfaas"} & set(Path(path).parts):
                yield f"{path} is no stack file"


def _hookstream(words: Words) -> Iterator[str]:
    """Have the command read its arguments and say its help instead of doing anything."""
    said = CliRunner().invoke(app, [*words, "--help"])
    if said.exit_code != 0:
        yield said.output


def _curl(words: Words) -> Iterator[str]:
    for word in words:
        if (found := re.search(r"/function/([a-z-]+)", word)) and found[1] not in roles():
            yield f"no function {found[1]}"


def _export(words: Words) -> Iterator[str]:
    if words[0].partition("=")[0] not in PLACEHOLDERS:
        yield f"{words[0]} is used nowhere"


def _nothing(_: Words) -> Iterator[str]:
    yield from ()


_CHECKS: dict[str, Callable[[Words], Iterator[str]]] = {
    "docker": _docker,
    "kubectl": _kubectl,
    "helm": _helm,
    "faas-cli": _faas_cli,
    "hookstream": _hookstream,
    "curl": _curl,
    "export": _export,
    "base64": _nothing,
    "openssl": _nothing,
    "tr": _nothing,
    "cat": _nothing,
    "CONNECTOR_REPLICAS=2": lambda words: _docker(words[1:]),
}
