"""Settings and variables stand in one place, and the files that repeat them agree with it."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml
from deploy.kustomize import containers
from deploy.manifests import INFRA, ROOT, STACKS, Edition, read_stack, rendered

from infra.docker.environment import COMPOSE, EXAMPLE, example
from shared.settings import SECRETS, Settings

COMPOSE_FILES = [ROOT / "docker-compose.local.yml", INFRA / "docker" / "secrets.yml"]
ENVIRONMENTS = sorted((INFRA / "docker").glob("*.env"))
FIELDS = {field.encode_name.upper(): field.name for field in msgspec.structs.fields(Settings)}


def assignments(text: str) -> dict[str, str]:
    found = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE)
    return {name: str(value) for name, value in found}


def test_the_example_is_up_to_date() -> None:
    assert EXAMPLE.read_text() == example(), "run `make schema`"


def test_the_example_has_every_setting_by_its_default() -> None:
    given = assignments(EXAMPLE.read_text())
    assert given.keys() == FIELDS.keys() | COMPOSE.keys()
    filled = {FIELDS[name]: text for name, text in given.items() if name in FIELDS and text}
    assert msgspec.convert(filled, Settings, strict=False) == Settings()


def test_compose_takes_the_variables_that_are_documented() -> None:
    text = "".join(path.read_text() for path in COMPOSE_FILES)
    used = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)", text))
    settings = used.keys() & FIELDS.keys()
    assert settings == {"AUTH"}
    assert {name: used[name] for name in used.keys() - settings} == {
        name: default for name, (default, _) in COMPOSE.items()
    }


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_environments_set_what_there_is(path: Path) -> None:
    given = assignments(path.read_text())
    assert given.keys() <= FIELDS.keys() | COMPOSE.keys()
    assert given["ENV_FILE"] == path.relative_to(ROOT).as_posix()
    own = {FIELDS[name]: text for name, text in given.items() if name in FIELDS}
    msgspec.convert(own, Settings, strict=False)


def test_there_are_the_environments_that_knative_has() -> None:
    overlays = {path.name for path in (INFRA / "knative" / "overlays").iterdir()}
    assert {path.stem for path in ENVIRONMENTS} == overlays


def overlays() -> dict[str, dict[str, str]]:
    """Return the settings of each of Knative's overlays."""
    return {path.stem: config_map(f"knative/overlays/{path.stem}") for path in ENVIRONMENTS}


def config_map(name: str) -> dict[str, str]:
    [found] = [each for each in rendered(name) if each["kind"] == "ConfigMap"]
    data: dict[str, str] = found["data"]
    return data


def own_settings(path: Path) -> dict[str, str]:
    """Return the settings in an environment's file for Compose."""
    given = assignments(path.read_text())
    return {name: text for name, text in given.items() if name in FIELDS}


def as_settings(given: dict[str, str]) -> Settings:
    """Read variables as a process does; fails for one that there is not.

    Files of secrets are not there to be read.
    """
    files = {n for n in given if n.endswith("_FILE") and n[:-5].lower() in SECRETS}
    values = {name: text for name, text in given.items() if name not in files}
    assert values.keys() <= FIELDS.keys()
    return msgspec.convert(
        {FIELDS[name]: text for name, text in values.items()}, Settings, strict=False
    )


@pytest.mark.parametrize("name", [*overlays(), "openfaas"])
def test_config_maps_set_what_there_is(name: str) -> None:
    place = "openfaas/kubernetes" if name == "openfaas" else f"knative/overlays/{name}"
    given = config_map(place)
    as_settings(given)
    assert given.keys() == config_map("openfaas/kubernetes").keys()


def test_an_environment_is_the_same_on_compose_and_on_knative() -> None:
    found = overlays()
    for path in ENVIRONMENTS:
        for name, text in own_settings(path).items():
            assert found[path.stem][name] == text, (path.stem, name)


def test_what_differs_between_environments_is_set_in_each_of_them() -> None:
    compose = {path.stem: assignments(path.read_text()) for path in ENVIRONMENTS}
    assert len({frozenset(given) for given in compose.values()}) == 1
    found = overlays()
    differing = {
        name
        for given in found.values()
        for name in given
        if len({other[name] for other in found.values()}) > 1
    }
    by_compose = {name for given in compose.values() for name in given if name in FIELDS}
    # Compose has one NATS server whatever the environment.
    assert differing - {"STREAM_REPLICAS"} == by_compose


def test_connectors_are_as_many_on_compose_as_at_least_on_knative() -> None:
    for path in ENVIRONMENTS:
        found = rendered(f"knative/overlays/{path.stem}")
        [scaled] = [each for each in found if each["kind"] == "ScaledObject"]
        assert (
            int(assignments(path.read_text())["CONNECTOR_REPLICAS"])
            == (scaled["spec"]["minReplicaCount"])
        )


@pytest.mark.parametrize("name", ["knative/base", "openfaas/kubernetes"])
def test_containers_set_what_there_is(name: str) -> None:
    found = [c for each in rendered(name) for c in containers(each)]
    assert found
    for container in found:
        as_settings({entry["name"]: entry["value"] for entry in container["env"]})


@pytest.mark.parametrize("edition", STACKS)
def test_functions_set_what_there_is(edition: Edition) -> None:
    for function in read_stack(edition)["functions"].values():
        as_settings(function["environment"])


def test_compose_s_containers_set_what_there_is() -> None:
    services = yaml.safe_load(COMPOSE_FILES[0].read_text())["services"]
    ours = {name: each for name, each in services.items() if "env_file" in each}
    assert {"prepare", "gateway", "connector"} <= ours.keys()
    for service in ours.values():
        assert service["environment"].keys() <= FIELDS.keys()


PAGES = [*sorted(INFRA.rglob("README.md")), ROOT / "docs" / "clusters.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_settings_that_there_are(page: Path) -> None:
    named = set(re.findall(r"(?:--env |`)([A-Z]+_[A-Z_]+)(?:=[^`]*)?[`\s]", page.read_text()))
    ours = {name for name in named if not name.startswith("AWS_")}
    assert ours <= FIELDS.keys() | COMPOSE.keys()
