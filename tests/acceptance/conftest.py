"""The whole stack, run by its command as users run it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from privacy import assert_private
from stack import Stack


@pytest.fixture(scope="module")
def stack(scratch: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Run a stack for the tests of one module."""
    running = Stack(scratch / request.module.__name__.rpartition(".")[2])
    running.up(*getattr(request.module, "UP_OPTIONS", ()))
    yield running
    running.down()
    assert_private(running.state)
    shutil.rmtree(running.state)


@pytest.fixture
def own_stack(state: Path) -> Iterator[Stack]:
    """Return a stack that the test starts itself; it is stopped in any case."""
    stack = Stack(state / "stack")
    yield stack
    stack.down()
    assert_private(stack.state)
