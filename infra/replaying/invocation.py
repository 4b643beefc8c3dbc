"""Carries out `hookstream replay`: counts first, then delivers with a progress bar."""

import asyncio
import sys
from dataclasses import dataclass

from nats.errors import Error as NatsError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.connector.invocation import OutageError, Target
from infra.replaying.replay import Range, Replay
from infra.replaying.result import Replayed

_CALL_TIMEOUT = 60.0
_FUNCTIONS = {"facebook": "fb-consume", "tiktok": "ttk-consume"}


class AwayError(Exception):
    """The broker or a function does not answer; the message says which and how far it was."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the command line asks for; `patience` is in seconds."""

    chosen: Range
    nats_url: str
    functions_url: str
    patience: float
    dry_run: bool

    def carry_out(self) -> Replayed:
        """Count or deliver. Raises AwayError."""
        replay = Replay(self.nats_url, self._targets(), self.patience, lambda: None)
        try:
            found = asyncio.run(replay.count(self.chosen))
            found.dry_run = self.dry_run
            return found if self.dry_run else self._deliver(found.events)
        except (NatsError, OSError) as error:
            raise AwayError(f"broker: {str(error) or type(error).__name__}") from error

    def _deliver(self, events: int) -> Replayed:
        with _bar() as bar:
            task = bar.add_task("replay", total=events)
            replay = Replay(
                self.nats_url,
                self._targets(),
                self.patience,
                lambda: bar.update(task, completed=replay.done.events),
            )
            try:
                asyncio.run(replay.run(self.chosen))
            except OutageError as error:
                done = replay.done
                how_far = f"{done.messages} messages ({done.events} events) were delivered before"
                raise AwayError(f"function: {error.reason}; {how_far}") from error
            return replay.done

    def _targets(self) -> dict[str, Target]:
        base = self.functions_url.rstrip("/")
        return {
            source: Target(name, f"{base}/{name}", _CALL_TIMEOUT)
            for source, name in _FUNCTIONS.items()
        }


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
