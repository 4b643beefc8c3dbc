"""Stacks of the echo role; a container engine, where there is one, and the image built with it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from deploy.engine import Engine
from deploy.manifests import ROOT
from integration.local.stacks import Stack

from infra.local import daemon
from infra.local.options import Options
from infra.local.state import StateDir


@pytest.fixture(scope="module")
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Return a function that starts a stack of the functions given; stopped at the end.

    It has servers and a connector (`pipeline`) where a test needs them.
    """
    stacks: list[Stack] = []

    def start(*functions: str, pipeline: bool = False) -> Stack:
        folder = tmp_path_factory.mktemp("stack")
        file = folder / "stack.yaml"
        file.write_text("functions:\n" + "".join(functions))
        options = Options(state_dir=folder / "state", stack=file, port=0, pipeline=pipeline)
        stack = Stack(StateDir(options.state_dir), options)
        stacks.append(stack)
        daemon.start(options, lambda _: None)
        return stack

    yield start
    for stack in stacks:
        daemon.stop(stack.state)


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
