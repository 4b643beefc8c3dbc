"""The image's dependencies are those that the tests run with, and nothing but the project's."""

import re
import tomllib
from pathlib import Path

from deploy.manifests import INFRA, ROOT

IMAGE = INFRA / "docker" / "requirements.lock"


def pins(path: Path) -> set[str]:
    """Return the requirements of a lock, with version and marker."""
    lines = path.read_text().splitlines()
    return {line.rstrip(" \\") for line in lines if re.match(r"[a-z0-9].*==", line)}


def names(requirements: set[str]) -> set[str]:
    return {re.split(r"[\[=><; ]", text)[0] for text in requirements}


def test_the_image_has_the_locked_versions() -> None:
    # A marker may be narrower where only the tools need a package elsewhere.
    versions = {pin.partition(" ;")[0] for pin in pins(IMAGE)}
    assert versions <= {pin.partition(" ;")[0] for pin in pins(ROOT / "requirements.lock")}


def test_the_image_has_the_dependencies_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert names(set(project["dependencies"])) <= names(pins(IMAGE))
    embedded = names(set(project["optional-dependencies"]["local"]))
    assert embedded
    assert not embedded & names(pins(IMAGE))
    assert embedded <= names(pins(ROOT / "requirements.lock"))


def test_every_pin_has_a_hash() -> None:
    text = IMAGE.read_text()
    for pin in pins(IMAGE):
        assert f"{pin} \\\n    --hash=sha256:" in text
