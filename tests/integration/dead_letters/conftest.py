"""Dead letters of a real broker, and what works on them."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytest

from infra.dead_letters.session import Session, work
from shared.stream.connection import Broker
from shared.stream.dead_letters import DeadLetter, bury
from shared.stream.publishing import Publisher

PATIENCE = 30.0

T = TypeVar("T")

Working = Callable[[Callable[[Session], Awaitable[T]]], T]
Bury = Callable[[Iterable[DeadLetter]], None]


@pytest.fixture
def working(nats_url: str) -> Working[Any]:
    """Return what runs a task with a session of its own."""

    def run(task: Callable[[Session], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever the task returns
        return work(nats_url, task)

    return run


def batched(letters: Iterable[DeadLetter]) -> Iterator[list[DeadLetter]]:
    rest = iter(letters)
    while batch := list(itertools.islice(rest, 100)):
        yield batch


@pytest.fixture
def bury_all(nats_url: str) -> Bury:
    """Return what writes dead letters."""

    async def write(letters: Iterable[DeadLetter]) -> None:
        broker = Broker(nats_url, "test")
        broker.start()
        try:
            await broker.available(PATIENCE)
            publisher = Publisher(broker, PATIENCE, PATIENCE)
            for batch in batched(letters):
                await asyncio.gather(*(bury(publisher, letter) for letter in batch))
        finally:
            await broker.close()

    return lambda letters: asyncio.run(write(letters))
