"""Reads a range of EVENTS and invokes the collectors with it, past the connector.

The messages keep their identities, so that the ledger and the store know them again. The stream
does not grow and the consumers do not move; rejected events have their dead letters already, or
get them when the connector delivers them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from nats.js import JetStreamContext

from infra.connector.backoff import Backoff
from infra.connector.checksums import is_damaged
from infra.connector.invocation import OutageError, RefusalError, Target, invoke
from infra.connector.pulling import HeldMessage
from infra.reconciling.reading import Selection, connect, read_stream
from infra.replaying.result import Replayed
from shared.batch import StoredMessage
from shared.settings import MIB
from shared.stream.packing import SUBJECT_PREFIX, subject
from shared.stream.topology import EVENTS

MOST_EVENTS = 5_000
MOST_BYTES = 8 * MIB
FIRST_DELAY = 0.25
LONGEST_DELAY = 5.0


@dataclass(frozen=True, slots=True)
class Range:
    """Messages that the stream took from `start` until before `end`, of one source or of all."""

    start: datetime | None
    end: datetime | None
    source: str | None


@dataclass(slots=True)
class _Batch:
    messages: list[StoredMessage] = field(default_factory=list)
    events: int = 0
    size: int = 0

    def is_full(self, message: StoredMessage) -> bool:
        return bool(self.messages) and (
            self.events + message.events > MOST_EVENTS or self.size + message.size > MOST_BYTES
        )

    def add(self, message: StoredMessage) -> None:
        self.messages.append(message)
        self.events += message.events
        self.size += message.size


class Replay:
    """Replays ranges; a function that is away is tried again for `patience` seconds."""

    def __init__(
        self,
        nats_url: str,
        targets: Mapping[str, Target],
        patience: float,
        tell: Callable[[], None],
    ) -> None:
        self._nats_url = nats_url
        self._targets = targets
        self._patience = patience
        self._tell = tell
        self._batches: dict[str, _Batch] = {}
        self.done = Replayed()

    async def count(self, chosen: Range) -> Replayed:
        """Count messages and events of a range. Raises nats.errors.Error or OSError."""
        counted = Replayed()
        connection = await connect(self._nats_url)
        try:
            async for message in _messages(connection.jetstream(timeout=10), chosen, whole=False):
                counted.messages += 1
                counted.events += message.events
        finally:
            await connection.close()
        return counted

    async def run(self, chosen: Range) -> None:
        """Deliver a range; `done` tells how far it is, also when this raises.

        Raises OutageError, nats.errors.Error or OSError.
        """
        connection = await connect(self._nats_url)
        try:
            async with aiohttp.ClientSession() as session:
                js = connection.jetstream(timeout=10)
                async for message in _messages(js, chosen, whole=True):
                    await self._take(session, message)
                for source in list(self._batches):
                    await self._deliver(session, source)
        finally:
            await connection.close()

    async def _take(self, session: aiohttp.ClientSession, message: StoredMessage) -> None:
        if is_damaged(message):
            self.done.damaged.append(message.id)
            return
        batch = self._batches.setdefault(message.source, _Batch())
        if batch.is_full(message):
            await self._deliver(session, message.source)
        self._batches.setdefault(message.source, _Batch()).add(message)

    async def _deliver(self, session: aiohttp.ClientSession, source: str) -> None:
        batch = self._batches.pop(source)
        await self._until_done(session, self._targets[source], batch.messages)
        self.done.messages += len(batch.messages)
        self.done.events += batch.events
        self._tell()

    async def _until_done(
        self, session: aiohttp.ClientSession, target: Target, messages: list[StoredMessage]
    ) -> None:
        backoff = Backoff(FIRST_DELAY, LONGEST_DELAY)
        deadline = asyncio.get_running_loop().time() + self._patience
        while messages:
            try:
                messages = await self._once(session, target, messages)
                outage = OutageError("messages failed")
            except OutageError as error:
                outage = error
            if not messages:
                return
            backoff.failed()
            delay = backoff.delay(outage.retry_after)
            if asyncio.get_running_loop().time() + delay > deadline:
                raise outage
            await asyncio.sleep(delay)

    async def _once(
        self, session: aiohttp.ClientSession, target: Target, messages: list[StoredMessage]
    ) -> list[StoredMessage]:
        """Deliver messages and return those that have to be delivered again."""
        try:
            answer = await invoke(session, target, messages)
        except RefusalError:
            if len(messages) == 1:
                self.done.refused.append(messages[0].id)
                return []
            middle = len(messages) // 2
            parts = (messages[:middle], messages[middle:])
            return [m for part in parts for m in await self._once(session, target, part)]
        self.done.rejected += len(answer.rejected)
        failed = {failure.itemIdentifier for failure in answer.batchItemFailures}
        return [message for message in messages if message.id in failed]


async def _messages(
    js: JetStreamContext, chosen: Range, *, whole: bool
) -> AsyncIterator[StoredMessage]:
    """Yield a range's messages up to what is last now; without payloads unless `whole`."""
    selection = Selection(
        last=(await js.stream_info(EVENTS)).state.last_seq,
        subject=subject(chosen.source) if chosen.source else None,
        since=chosen.start,
        payloads=whole,
    )
    async for message in read_stream(js, EVENTS, selection):
        stored = HeldMessage(message, message.subject.removeprefix(f"{SUBJECT_PREFIX}.")).stored
        if chosen.end is not None and stored.published_at >= chosen.end:
            return
        yield stored
