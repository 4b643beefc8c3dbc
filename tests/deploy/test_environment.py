"""Settings and variables stand in one place, and the files that repeat them agree with it."""

import re
from pathlib import Path

import msgspec
import pytest
from deploy.manifests import INFRA, ROOT

from infra.docker.environment import COMPOSE, EXAMPLE, example
from shared.settings import Settings

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
    assert settings == {"NATS_URL", "DATABASE_URL", "AUTH"}
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
