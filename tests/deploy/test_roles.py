"""Every role is on every platform, with the same environment, secrets and scaling."""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from deploy.kustomize import containers, pod_spec
from deploy.manifests import INFRA, ROOT, read_stack, rendered, roles
from deploy.platforms import PLATFORMS, SECRETS, Place, Role, mounted_secrets

from infra.local.logins import OF_ROLES as DATABASE_KINDS
from infra.local.nats_users import OF_ROLES

BESIDE = ("connector", "prepare")
NATS_USERS = {"connector": "connector", "prepare": "operator", "gateway": "operator"}
"""Who they are on NATS; the gateway's functions and queue worker are others, by NATS_LOGINS."""


DATABASE_URLS = {
    "connector": "database-url-connector",
    "prepare": "database-url",
    "gateway": "database-url",
}
"""Who they are in the database; the gateway's functions are others, by DATABASE_LOGINS."""


def roles_of(platform: str) -> dict[str, Role]:
    return PLATFORMS[platform].read(PLATFORMS[platform].load())


@cache
def reference() -> dict[str, Role]:
    """Return the roles as the first platform has them."""
    return roles_of(next(iter(PLATFORMS)))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_role_is_on_every_platform(platform: str) -> None:
    assert set(roles_of(platform)) == roles()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platforms_agree(platform: str) -> None:
    assert roles_of(platform) == reference()


def broken(documents: Any, place: Place) -> Iterator[Any]:  # noqa: ANN401 - as YAML has it
    """Yield documents in which the member is missing, misspelt, or says something else."""
    value = documents
    for step in place:
        value = value[step]
    for fault in _faults(place[-1], value):
        changed = copy.deepcopy(documents)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        fault(inner, place[-1])
        yield changed


def _faults(key: str | int, value: Any) -> Iterator[Callable[[Any, Any], None]]:  # noqa: ANN401 - as above
    yield _missing
    if isinstance(key, str):
        yield _misspelt
    if isinstance(value, str | int):
        yield _different
    elif "kind" not in value and isinstance(key, int):
        yield _with_another_text


def _missing(inner: Any, key: Any) -> None:  # noqa: ANN401 - as above
    del inner[key]


def _misspelt(inner: Any, key: Any) -> None:  # noqa: ANN401 - as above
    inner[f"{key}x"] = inner.pop(key)


def _different(inner: Any, key: Any) -> None:  # noqa: ANN401 - as above
    value = inner[key]
    inner[key] = 1 if isinstance(value, int) else f"1{value}"


def _with_another_text(inner: Any, key: Any) -> None:  # noqa: ANN401 - as above
    """Change the first text in an item of a list, however deep: a variable's name, a secret's."""
    members = inner[key]
    name = next(iter(members))
    if isinstance(members[name], dict):
        _with_another_text(members, name)
    else:
        members[name] += "x"


def says_the_same(platform: str, documents: Any) -> bool:  # noqa: ANN401 - as above
    """Say whether the checks above would find nothing wrong with changed documents."""
    try:
        return PLATFORMS[platform].read(documents) == reference()
    except (AssertionError, KeyError, IndexError, TypeError, ValueError):
        return False


@pytest.mark.parametrize("platform", PLATFORMS)
def test_whatever_is_missing_or_misspelt_is_noticed(platform: str) -> None:
    documents = PLATFORMS[platform].load()
    assert says_the_same(platform, copy.deepcopy(documents))
    places = list(PLATFORMS[platform].matters(documents))
    assert len(places) > 8 * len(roles())
    unnoticed = [
        place
        for place in places
        for changed in broken(documents, place)
        if says_the_same(platform, changed)
    ]
    assert unnoticed == []


def test_functions_have_no_more_of_nats_than_they_need() -> None:
    for name, role in reference().items():
        user = OF_ROLES.get(name)
        assert {each for each in role.secrets if "nats" in each} == (
            {f"nats-url-{user}"} if user else set()
        )
        where = f"{SECRETS}/nats-url-{user}" if user else None
        assert role.environment.get("NATS_URL_FILE") == where


def test_functions_have_no_more_of_the_database_than_they_need() -> None:
    for name, role in reference().items():
        kind = DATABASE_KINDS.get(name)
        found = {each for each in role.secrets if "database" in each}
        assert found == ({f"database-url-{kind}"} if kind else set())
        where = f"{SECRETS}/database-url-{kind}" if kind else None
        assert role.environment.get("DATABASE_URL_FILE") == where


def test_the_image_and_the_local_platform_run_the_same_role() -> None:
    for name, role in reference().items():
        assert role.environment["ROLE"] == name
    for name, function in read_stack("community")["functions"].items():
        assert function["fprocess"] == f"python -m shared.serve {name}"


@pytest.mark.parametrize("overlay", ["dev", "staging", "production"])
def test_overlays_keep_every_role(overlay: str) -> None:
    found = [doc for doc in rendered(f"knative/overlays/{overlay}") if pod_spec(doc)]
    named = {entry["value"] for doc in found for c in containers(doc) for entry in c["env"][:1]}
    assert named == {*roles(), *BESIDE}


@pytest.mark.parametrize("platform", ["knative/base", "openfaas/kubernetes"])
@pytest.mark.parametrize("name", BESIDE)
def test_what_runs_beside_the_functions_has_its_secrets(platform: str, name: str) -> None:
    for document in rendered(platform):
        if (pod := pod_spec(document)) and pod["containers"][0]["name"] == name:
            own = {"delivery-key"} if name == "connector" else set()
            user = NATS_USERS[name]
            database = DATABASE_URLS[name]
            assert mounted_secrets(pod) == {f"nats-url-{user}", database} | own
            environment = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
            assert environment["ROLE"] == name
            assert environment["NATS_URL_FILE"] == f"{SECRETS}/nats-url-{user}"
            where = f"{SECRETS}/{database}" if database != "database-url" else None
            assert environment.get("DATABASE_URL_FILE") == where
            return
    pytest.fail(f"{name} is missing")


class _Tagged(yaml.SafeLoader):
    """Reads Compose's own tags, such as `!reset`, as null."""


_Tagged.add_multi_constructor("!", lambda *_: None)


@pytest.mark.parametrize("name", [*BESIDE, "gateway"])
def test_compose_has_what_runs_beside_the_functions(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.local.yml").read_text())
    environment = compose["services"][name]["environment"]
    assert environment["ROLE"] == name
    user = NATS_USERS[name]
    password = f"${{NATS_{user.upper()}_PASSWORD:-{user}}}"
    assert environment["NATS_URL"] == f"nats://{user}:{password}@nats:4222"
    login = "hookstream:${POSTGRES_PASSWORD:-hookstream}"
    if name == "connector":
        login = "connector:${CONNECTOR_PASSWORD:-connector}"
    assert environment["DATABASE_URL"] == f"postgresql://{login}@postgres:5432/hookstream"
    text = (INFRA / "docker" / "secrets.yml").read_text()
    guarded = yaml.load(text, _Tagged)["services"][name]  # noqa: S506 - a safe loader
    logins = {"NATS_LOGINS", "DATABASE_LOGINS"} & environment.keys()
    database = DATABASE_URLS[name]
    assert set(guarded["secrets"]) == {
        f"nats-url-{user}",
        database,
        *(each.lower().replace("_", "-") for each in logins),
    }
    assert guarded["environment"] == {
        "NATS_URL": None,
        "NATS_URL_FILE": f"/run/secrets/nats-url-{user}",
        "DATABASE_URL": None,
        "SECRETS_DIR": "/run/secrets",
    } | dict.fromkeys(logins) | (
        {"DATABASE_URL_FILE": f"/run/secrets/{database}"} if database != "database-url" else {}
    )
