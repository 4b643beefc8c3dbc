"""Stacks to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import Rig, rigged
from stack import Stack


@pytest.fixture(scope="session")
def rig(scratch: Path) -> Iterator[Rig]:
    """Return the stack that all tests of outages and faulty links share."""
    state = scratch / "faults"
    state.mkdir()
    with rigged(state) as rig:
        yield rig


@pytest.fixture
def own_stack(state: Path) -> Iterator[Stack]:
    """Return a stack that the test starts itself; it is stopped in any case."""
    stack = Stack(state / "stack")
    yield stack
    stack.down()
