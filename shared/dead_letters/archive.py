"""Reads DEADLETTER by batched direct gets, and deletes from it.

No consumer is made, so listing acknowledges nothing and leaves nothing behind. Contract:
https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-31.md (batch requests
need nats-server 2.11).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import msgspec
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from shared.dead_letters.letters import Letter
from shared.dead_letters.selection import Selection
from shared.errors import Problem
from shared.settings import MIB
from shared.stream.connection import RETRY_AFTER, Broker
from shared.stream.dead_letters import STREAM

BATCH_LETTERS = 256
BATCH_BYTES = 4 * MIB
WIDEST_WINDOW = 4 * BATCH_LETTERS
"""Most sequences that a batch of the newest letters spans."""

SCAN_LIMIT = 100_000
"""Letters that one page looks at; a filter that few match goes on from there."""

CONCURRENT_DELETIONS = 64
TIMEOUT = 10.0

_OK, _NOT_FOUND = "204", "404"


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters; `next` continues the list, None when there are no more."""

    letters: Sequence[Letter]
    next: int | None


class _ApiError(msgspec.Struct):
    description: str = ""


class _ApiAnswer(msgspec.Struct):
    error: _ApiError | None = None


class DeadLetters:
    """The dead letters of a broker. Methods raise Problem broker_unavailable."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def page(
        self, selection: Selection, limit: int, after: int | None = None, *, newest: bool = True
    ) -> Page:
        """Return at most `limit` letters that match, in the order of their sequences.

        `after` is the `next` of the page before.
        """
        found: list[Letter] = []
        scanned = 0
        walk = self._newest(selection, after) if newest else self._oldest(selection, after or 0)
        async with aclosing(walk) as letters:
            async for letter in letters:
                scanned += 1
                if selection.takes(letter):
                    found.append(letter)
                if len(found) == limit or scanned == SCAN_LIMIT:
                    return Page(found, letter.sequence)
        return Page(found, None)

    async def walk(self, selection: Selection, through: int) -> AsyncGenerator[Letter, None]:
        """Yield every letter that matches, oldest first, up to the sequence `through`."""
        async with aclosing(self._oldest(selection, 0)) as letters:
            async for letter in letters:
                if letter.sequence > through:
                    return
                if selection.takes(letter):
                    yield letter

    async def letter(self, sequence: int) -> Letter:
        """Return a letter. Raises Problem not_found."""
        letter = await self._at(sequence)
        if letter is None:
            raise Problem("not_found", f"There is no dead letter {sequence}.")
        return letter

    async def bounds(self) -> tuple[int, int]:
        """Return the sequences of the oldest and the newest letter."""
        try:
            state = (await self._broker.jetstream.stream_info(STREAM)).state
        except (NatsError, JetStreamError) as error:
            raise _away(error) from error
        return state.first_seq, state.last_seq

    async def delete(self, sequences: Iterable[int]) -> int:
        """Delete letters and return how many were there; their space is not overwritten."""
        room = asyncio.Semaphore(CONCURRENT_DELETIONS)

        async def one(sequence: int) -> bool:
            async with room:
                return await self._delete(sequence)

        return sum(await asyncio.gather(*map(one, sequences)))

    async def _delete(self, sequence: int) -> bool:
        request = msgspec.json.encode({"seq": sequence, "no_erase": True})
        try:
            answer = await self._broker.client.request(
                f"$JS.API.STREAM.MSG.DELETE.{STREAM}", request, timeout=TIMEOUT
            )
        except NatsError as error:
            raise _away(error) from error
        refusal = msgspec.json.decode(answer.data, type=_ApiAnswer).error
        if refusal is not None and await self._at(sequence) is not None:
            raise Problem("broker_unavailable", f"The stream refused: {refusal.description}")
        return refusal is None

    async def _at(self, sequence: int) -> Letter | None:
        found = await self._batch(Selection().subject, sequence, 1)
        return found[0] if found and found[0].sequence == sequence else None

    async def _oldest(self, selection: Selection, after: int) -> AsyncGenerator[Letter, None]:
        while batch := await self._batch(selection.subject, after + 1, BATCH_LETTERS):
            for letter in batch:
                yield letter
            after = batch[-1].sequence

    async def _newest(
        self, selection: Selection, before: int | None
    ) -> AsyncGenerator[Letter, None]:
        first, last = await self.bounds()
        high = last if before is None else min(last, before - 1)
        window = BATCH_LETTERS
        while high >= max(1, first):
            low = max(1, first, high - window + 1)
            letters = await self._between(selection.subject, low, high)
            for letter in reversed(letters):
                yield letter
            if len(letters) < window // 4:
                window = min(2 * window, WIDEST_WINDOW)
            high = low - 1

    async def _between(self, subject: str, low: int, high: int) -> list[Letter]:
        letters: list[Letter] = []
        while low <= high and (batch := await self._batch(subject, low, BATCH_LETTERS)):
            letters.extend(letter for letter in batch if letter.sequence <= high)
            low = batch[-1].sequence + 1
        return letters

    async def _batch(self, subject: str, start: int, size: int) -> list[Letter]:
        """Return up to `size` letters from the sequence `start` on; none when there are none."""
        request = {
            "seq": start,
            "next_by_subj": subject,
            "batch": size,
            "max_bytes": BATCH_BYTES,
        }
        client = self._broker.client
        try:
            inbox = await client.subscribe(client.new_inbox())
            try:
                await client.publish(
                    f"$JS.API.DIRECT.GET.{STREAM}", msgspec.json.encode(request), inbox.subject
                )
                return await _receive(inbox)
            finally:
                await inbox.unsubscribe()
        except NatsError as error:
            raise _away(error) from error


async def _receive(inbox: Subscription) -> list[Letter]:
    letters: list[Letter] = []
    while True:
        message = await inbox.next_msg(timeout=TIMEOUT)
        status = (message.headers or {}).get("Status")
        if status is None:
            letters.append(_letter(message))
        elif status in {_OK, _NOT_FOUND}:
            return letters
        else:
            raise Problem(
                "broker_unavailable", f"No stream {STREAM} answers.", retry_after=RETRY_AFTER
            )


def _letter(message: Msg) -> Letter:
    headers = dict(message.headers or {})
    return Letter(
        sequence=int(headers["Nats-Sequence"]),
        stored_at=datetime.fromisoformat(headers["Nats-Time-Stamp"]),
        source=headers["Nats-Subject"].partition(".")[2],
        headers={name: value for name, value in headers.items() if name not in _TRANSPORT},
        raw=message.data,
    )


_TRANSPORT = {"Nats-Num-Pending", "Nats-Last-Sequence"}
"""Headers that speak of the answer and not of the letter."""


def _away(error: Exception) -> Problem:
    detail = f"The dead letters cannot be read or changed: {type(error).__name__}."
    return Problem("broker_unavailable", detail, retry_after=RETRY_AFTER)
