"""Stacks of the echo role; with servers and connector (`pipeline`) where a test needs them."""

from collections.abc import Callable, Iterator

import pytest
from integration.local.stacks import Stack

from infra.local import daemon
from infra.local.options import Options
from infra.local.state import StateDir


@pytest.fixture(scope="module")
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """Return a function that starts a stack of the functions given; stopped at the end."""
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
