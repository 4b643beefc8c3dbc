"""Connects a command to the dead letters of a broker."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from infra.publisher.target import TargetError, stack_status
from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.redrive import Redriver
from shared.errors import Problem
from shared.settings import settings
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher

PATIENCE = 5.0

T = TypeVar("T")


class Session(NamedTuple):
    """What commands work with."""

    letters: DeadLetters
    redriver: Redriver


def broker_url(given: str | None, state_dir: Path) -> str:
    """Return `given`, or the broker of the stack on `state_dir`. Raises TargetError."""
    if given:
        return given
    try:
        return str(stack_status(state_dir)["nats"])
    except TargetError as error:
        raise TargetError(
            f"no stack runs on {state_dir}: start one with `hookstream up --detach`,"
            " or name a broker with --nats-url"
        ) from error


def work(url: str, task: Callable[[Session], Awaitable[T]]) -> T:
    """Run `task` with a connection of its own. Raises Problem broker_unavailable."""
    # What went wrong is said by the command, to people; functions say it in their log.
    logging.getLogger("shared").addHandler(logging.NullHandler())

    async def with_session() -> T:
        async with connected(url, "hookstream deadletter") as broker:
            letters = DeadLetters(broker)
            chosen = settings()
            publisher = Publisher(broker, chosen.publish_timeout, chosen.publish_timeout)
            return await task(Session(letters, Redriver(letters, publisher, chosen)))

    return asyncio.run(with_session())


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[Broker]:
    """Connect to a broker for the block. Raises Problem broker_unavailable."""
    broker = Broker(url, name)
    broker.start()
    try:
        await _require(broker, url)
        yield broker
    finally:
        await broker.close()


async def _require(broker: Broker, url: str) -> None:
    try:
        await broker.available(PATIENCE)
    except Problem:
        where = url.rpartition("@")[2].partition("?")[0]
        said = f"The broker at {where} refuses: {broker.refusal}."
        detail = said if broker.refusal else f"No broker answers at {where}."
        raise Problem("broker_unavailable", detail) from None
