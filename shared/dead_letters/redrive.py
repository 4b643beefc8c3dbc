"""Sends dead letters through the pipeline again, or drops them.

A letter is deleted after EVENTS has acknowledged its event. Killed in between, the event is in
both streams; redriving it again counts it once, by its identity.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.letters import Letter
from shared.dead_letters.merge_patch import Patch, merge
from shared.dead_letters.selection import Selection
from shared.errors import Problem
from shared.events.decoding import InvalidEventError, decode_event, latest_timestamp
from shared.settings import Settings
from shared.stream.packing import MESSAGE_ID, Origin, Pack, checksum, join
from shared.stream.publishing import Publisher

CHUNK = 500
"""Letters that are held at once."""

PACK = 100
"""Letters of one message, each of which names its correlation id in the message's headers."""

MOST_NAMED = 100

Progress = Callable[[int], None]


class Left(msgspec.Struct, frozen=True):
    """A letter that stays because its event is still not valid."""

    sequence: int
    code: str
    path: str
    detail: str


@dataclass(slots=True)
class Outcome:
    """What became of the letters that matched: `done` of them were redriven or dropped.

    `left` counts those still invalid, of which `named` tells the first; `more` says that the
    limit was reached; `problem` is what stopped the work before its end.
    """

    matched: int = 0
    done: int = 0
    left: int = 0
    named: list[Left] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    more: bool = False
    problem: Problem | None = None

    def leave(self, letter: Letter, error: InvalidEventError) -> None:
        """Record a letter that stays."""
        self.left += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(Left(letter.sequence, error.code, error.path, error.detail))

    def document(self, verb: str) -> dict[str, object]:
        """Return the outcome with `done` under the name of what was done."""
        shown: dict[str, object] = {
            "matched": self.matched,
            verb: self.done,
            "left": self.left,
            "results": self.named,
            "reasons": [
                {"source": source, "code": code, "count": count}
                for (source, code), count in sorted(self.reasons.items())
            ],
            "more": self.more,
        }
        if self.problem is not None:
            shown["problem"] = {
                "code": self.problem.kind.code,
                "detail": self.problem.detail,
            }
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which letters, at most how many, corrected how; a dry run only counts."""

    selection: Selection
    limit: int | None = None
    patch: Patch | None = None
    dry_run: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class _Corrected:
    letter: Letter
    raw: bytes


_Chunk = Callable[[Sequence[Letter], Outcome], Awaitable[None]]


class Redriver:
    """Redrives and drops the letters of `letters`; `publisher` writes to EVENTS."""

    def __init__(self, letters: DeadLetters, publisher: Publisher, limits: Settings) -> None:
        self._letters = letters
        self._publisher = publisher
        self._limits = limits

    async def redrive(self, order: Order) -> Outcome:
        """Publish the events of matching letters and delete those letters.

        In a dry run, `done` counts those whose event is valid now. A Problem ends the work and
        becomes part of the outcome; what was acknowledged before it is counted.
        """

        async def chunk(letters: Sequence[Letter], outcome: Outcome) -> None:
            valid = self._correct(letters, order.patch, outcome)
            if order.dry_run:
                outcome.done += sum(map(len, valid.values()))
            else:
                await self._publish(valid, outcome)

        return await self._work(order, chunk)

    async def drop(self, order: Order) -> Outcome:
        """Delete matching letters; in a dry run only count them, as `matched`."""

        async def chunk(letters: Sequence[Letter], outcome: Outcome) -> None:
            if not order.dry_run:
                outcome.done += await self._letters.delete(letter.sequence for letter in letters)

        return await self._work(order, chunk)

    async def _work(self, order: Order, chunk: _Chunk) -> Outcome:
        outcome = Outcome()
        try:
            async with aclosing(self._chunks(order, outcome)) as chunks:
                async for letters in chunks:
                    await chunk(letters, outcome)
                    if order.progress is not None:
                        order.progress(len(letters))
        except Problem as problem:
            outcome.problem = problem
        return outcome

    async def _chunks(self, order: Order, outcome: Outcome) -> AsyncGenerator[list[Letter], None]:
        """Yield matching letters; those that arrive meanwhile are not among them."""
        _, through = await self._letters.bounds()
        held: list[Letter] = []
        async with aclosing(self._letters.walk(order.selection, through)) as letters:
            async for letter in letters:
                if outcome.matched == order.limit:
                    outcome.more = True
                    break
                outcome.matched += 1
                outcome.reasons[letter.source, letter.code] += 1
                held.append(letter)
                if len(held) == CHUNK:
                    yield held
                    held = []
        if held:
            yield held

    def _correct(
        self, letters: Sequence[Letter], patch: Patch | None, outcome: Outcome
    ) -> dict[str, list[_Corrected]]:
        """Return the events that are valid now, by source."""
        latest = latest_timestamp()
        valid: dict[str, list[_Corrected]] = {}
        for letter in letters:
            try:
                raw = _patched(letter.raw, patch)
                _require_size(raw, self._limits.max_event_bytes)
                source = decode_event(raw, latest).source
            except InvalidEventError as error:
                outcome.leave(letter, error)
            else:
                valid.setdefault(source, []).append(_Corrected(letter, raw))
        return valid

    async def _publish(self, valid: dict[str, list[_Corrected]], outcome: Outcome) -> None:
        groups = [
            (source, group)
            for source, events in valid.items()
            for group in _groups(events, self._limits.pack_max_bytes)
        ]
        sent = await asyncio.gather(
            *(self._send(source, group) for source, group in groups), return_exceptions=True
        )
        stored = [group for (_, group), error in zip(groups, sent, strict=True) if error is None]
        sequences = [event.letter.sequence for group in stored for event in group]
        await self._letters.delete(sequences)
        outcome.done += len(sequences)
        for error in sent:
            if error is not None:
                raise error

    async def _send(self, source: str, group: Sequence[_Corrected]) -> None:
        """Publish events; their letters are part of the message's id.

        By its content alone, the stream would take an event for a repetition of the very
        message that was rejected a moment ago.
        """
        now = datetime.now(UTC)
        origins = [(Origin(event.letter.correlation_id or "redrive", now), 1) for event in group]
        pack = Pack(source, join(event.raw for event in group), origins)
        letters = " ".join(str(event.letter.sequence) for event in group)
        identity = checksum(letters.encode() + b" " + pack.payload)
        content, headers = pack.message()
        headers[MESSAGE_ID] = f"redrive-{identity}"
        await self._publisher.send(pack.subject, content, headers)


def _patched(raw: bytes, patch: Patch | None) -> bytes:
    if patch is None:
        return raw
    try:
        return merge(raw, patch)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        detail = f"only JSON can be patched: {error}"
        raise InvalidEventError("malformed_json", "", detail) from error


def _require_size(raw: bytes, most: int) -> None:
    if len(raw) > most:
        raise InvalidEventError("too_long", "", f"the event is longer than {most} bytes")


def _groups(events: Sequence[_Corrected], max_bytes: int) -> list[list[_Corrected]]:
    groups: list[list[_Corrected]] = []
    size = 0
    for event in events:
        size += len(event.raw) + 1
        if not groups or len(groups[-1]) == PACK or size + 2 > max_bytes:
            groups.append([])
            size = len(event.raw) + 1
        groups[-1].append(event)
    return groups
