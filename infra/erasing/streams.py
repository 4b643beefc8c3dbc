"""The broker's side: its clock, the messages and the dead letters that hold a person's events.

Contract: STREAM.INFO and STREAM.MSG.DELETE of https://docs.nats.io/reference/reference-protocols/
nats_api_reference. A deletion without `no_erase` has the server overwrite the message with random
bytes.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from nats.js.errors import APIError, NotFoundError

from infra.connector.pulling import HeldMessage
from infra.connector.watermark import oldest_unprocessed
from infra.erasing.person import Person
from infra.erasing.progress import Tell
from infra.reconciling.reading import Selection, read_stream
from shared.batch import StoredMessage
from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.letters import Letter
from shared.dead_letters.selection import Selection as LetterSelection
from shared.errors import Problem
from shared.events.model import Source
from shared.stream.connection import Broker
from shared.stream.dead_letters import STREAM as DEADLETTER
from shared.stream.encoding import EncodingError
from shared.stream.packing import SUBJECT_PREFIX, subject
from shared.stream.topology import EVENTS

CHUNK = 500
CONCURRENT_DELETIONS = 64
POLL = 0.2
_TIMEOUT = 5.0
_ROUNDING = timedelta(microseconds=1)
"""The server's times have nanoseconds: a message's may be rounded up, this clock's is cut."""


class Found(NamedTuple):
    """A message of EVENTS that holds an event of the person, of `events` in all."""

    sequence: int
    source: str
    published_at: datetime
    events: int


class _Clock(msgspec.Struct):
    ts: datetime


class Streams:
    """What the streams hold of a person. Methods raise Problem or nats.errors.Error."""

    def __init__(self, broker: Broker, person: Person) -> None:
        self._broker = broker
        self._person = person

    async def moment(self) -> datetime:
        """Return the time by the clock that stamps the messages; later ones are stamped later."""
        answer = await self._broker.client.request(
            f"$JS.API.STREAM.INFO.{EVENTS}", timeout=_TIMEOUT
        )
        try:
            return msgspec.json.decode(answer.data, type=_Clock).ts + _ROUNDING
        except msgspec.ValidationError as error:
            raise Problem("broker_unavailable", f"There is no stream {EVENTS}.") from error

    async def find(self, moment: datetime | None, tell: Tell) -> list[Found]:
        """Return the messages published by `moment` that hold an event of the person."""
        js = self._broker.jetstream
        state = (await js.stream_info(EVENTS)).state
        sources = self._person.sources
        only = subject(sources[0]) if len(sources) == 1 else None
        selection = Selection(last=state.last_seq, subject=only, payloads=True)
        found: list[Found] = []
        read = 0
        async for message in read_stream(js, EVENTS, selection):
            stored = HeldMessage(message, message.subject.removeprefix(f"{SUBJECT_PREFIX}.")).stored
            old = moment is None or stored.published_at <= moment
            if old and self._person.in_payload(_legible(stored)):
                found.append(
                    Found(stored.sequence, stored.source, stored.published_at, stored.events)
                )
            read += 1
            tell(EVENTS, read, max(read, state.messages))
        return found

    async def wait(self, found: Sequence[Found], patience: float, tell: Tell) -> None:
        """Return when the messages are processed, or after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                while (done := len(await self.settled(found))) < len(found):
                    tell("processed", done, len(found))
                    await asyncio.sleep(POLL)
        except TimeoutError:
            return

    async def settled(self, found: Sequence[Found]) -> list[Found]:
        """Return those of the messages that their consumer is past."""
        first: dict[str, float] = {}
        for source in self._person.sources:
            first[source] = await self._first_unprocessed(source)
        return [message for message in found if message.sequence < first[message.source]]

    async def _first_unprocessed(self, source: Source) -> float:
        oldest = await oldest_unprocessed(self._broker, source)
        return float("inf") if oldest is None or oldest.seq is None else oldest.seq

    async def delete(self, found: Collection[Found], tell: Tell) -> None:
        """Delete messages from EVENTS; one that is gone already does not matter."""
        await self._delete(EVENTS, [message.sequence for message in found], tell)

    async def letters(self, tell: Tell, *, delete: bool) -> int:
        """Return how many dead letters are the person's, and delete them if wanted."""
        letters = DeadLetters(self._broker)
        _, through = await letters.bounds()
        matched: list[int] = []
        async with aclosing(letters.walk(LetterSelection(), through)) as walk:
            async for letter in walk:
                tell("dead letters", letter.sequence, through)
                if self._is_theirs(letter):
                    matched.append(letter.sequence)
        if delete:
            await self._delete(DEADLETTER, matched, tell)
        return len(matched)

    def _is_theirs(self, letter: Letter) -> bool:
        """Look into every letter that may be of the sources; a damaged message is one, whole."""
        if letter.source not in {*self._person.sources, "unknown"}:
            return False
        if letter.raw.lstrip()[:1] == b"[":
            return self._person.in_payload(letter.raw)
        return self._person.in_event(letter.raw)

    async def _delete(self, stream: str, sequences: Sequence[int], tell: Tell) -> None:
        room = asyncio.Semaphore(CONCURRENT_DELETIONS)

        async def one(sequence: int) -> None:
            async with room:
                await self._overwrite(stream, sequence)

        for start in range(0, len(sequences), CHUNK):
            tell(f"{stream} deletions", start, len(sequences))
            await asyncio.gather(*map(one, sequences[start : start + CHUNK]))

    async def _overwrite(self, stream: str, sequence: int) -> None:
        js = self._broker.jetstream
        try:
            await js.delete_msg(stream, sequence)
        except APIError:
            try:
                await js.get_msg(stream, sequence)
            except NotFoundError:
                return
            raise


def _legible(stored: StoredMessage) -> bytes:
    """Return a message's events, or what is there if they cannot be decoded."""
    try:
        return stored.payload
    except EncodingError:
        return stored.content
