"""Carries out `hookstream erase`: counts, asks, erases, with progress on a terminal."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import typer
from nats.errors import Error as NatsError

from infra.dead_letters.session import connected
from infra.erasing.erasure import Erasure
from infra.erasing.person import Person
from infra.erasing.progress import bars
from infra.erasing.records import Records
from infra.erasing.result import Erased
from infra.erasing.streams import Streams
from shared.errors import Problem


class AwayError(Exception):
    """The broker or the database does not answer; running again finishes what was begun."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line asks for; `patience` is in seconds."""

    person: Person
    nats_url: str
    database_url: str
    patience: float

    def count(self) -> Erased:
        """Count what would be erased. Raises AwayError."""
        with bars() as tell:
            return self._work(lambda erasure: erasure.count(tell))

    def erase(self) -> Erased:
        """Erase. Raises AwayError."""
        with bars() as tell:
            return self._work(lambda erasure: erasure.run(self.patience, tell))

    def _work(self, task: Callable[[Erasure], Awaitable[Erased]]) -> Erased:
        # What went wrong is said by the command, to people; functions say it in their log.
        logging.getLogger("shared").addHandler(logging.NullHandler())

        async def connected_to_both() -> Erased:
            async with (
                Records.of(self.database_url, self.person) as records,
                connected(self.nats_url, "hookstream erase") as broker,
            ):
                return await task(Erasure(self.person, records, Streams(broker, self.person)))

        try:
            return asyncio.run(connected_to_both())
        except Problem as problem:
            text = f"{problem.kind.title}: {problem.detail} Run it again to finish."
            raise AwayError(text) from problem
        except (NatsError, OSError) as error:
            name = str(error) or type(error).__name__
            raise AwayError(f"broker: {name}. Run it again to finish.") from error


def confirm(invocation: Invocation) -> None:
    """Show what would be erased and ask, if there is a terminal to ask on. Raises AwayError."""
    if sys.stdin.isatty():
        show(invocation.count())
        typer.confirm("Shall it be erased? This cannot be undone.", abort=True)


def show(done: Erased) -> None:
    """Say in words what an erasure did or would do."""
    would = "would be " if done.dry_run else ""
    typer.echo(f"{done.rows:,} rows {would}made anonymous; they stay counted")
    typer.echo(f"{done.dead_letters:,} dead letters {would}deleted")
    typer.echo(
        f"{done.messages:,} messages {would}deleted from EVENTS:"
        f" {done.events:,} events, which are stored, cannot be replayed any more"
    )
    if done.left:
        typer.secho(
            f"{done.left:,} messages are left in EVENTS, for they are not processed yet:"
            " run it again when they are",
            fg="red",
        )
