"""A container engine, where there is one, and the image built with it."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from deploy.engine import Engine
from deploy.manifests import ROOT


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine of `docker`; skips, and says so, where none answers."""
    docker = shutil.which("docker")
    asked = docker and subprocess.run([docker, "info"], capture_output=True, check=False)
    if not docker or not asked or asked.returncode != 0:
        pytest.skip("no container engine answers: image and Compose are NOT exercised here")
    return Engine(docker)


@pytest.fixture(scope="session")
def image(engine: Engine) -> Iterator[str]:
    """Return the name of the image, built from this tree."""
    name = f"hookstream:test-{os.getpid()}"
    engine.run("build", "-f", str(ROOT / "infra" / "docker" / "Dockerfile"), "-t", name, str(ROOT))
    yield name
    engine.run("image", "rm", "--force", name)
