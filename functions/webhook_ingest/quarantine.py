"""Keeps refused events as dead letters, so that they can be corrected and redriven.

It comes after the accepted events are stored and takes nothing away from them: what could not
be kept is named in the answer, and its sender still has it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from functions.webhook_ingest.intake import Rejection
from functions.webhook_ingest.metrics import NOT_QUARANTINED, QUARANTINED
from shared.errors import Problem
from shared.events.decoding import identity_of
from shared.events.splitting import RawEvent
from shared.settings import Settings
from shared.stream.dead_letters import DeadLetter
from shared.stream.packing import Origin

IN_FLIGHT = 16
"""Letters of one request that are written at a time; requests take turns."""


class Missed(msgspec.Struct, frozen=True):
    """How many refused events were not kept, and why: a code of shared.errors."""

    code: str
    count: int


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a request's refused events: members of its answer."""

    quarantined: int
    notQuarantined: tuple[Missed, ...] = ()


Write = Callable[[DeadLetter], Awaitable[object]]


class Quarantine:
    """Writes refused events of `max_bytes` at most.

    `write` stores a letter durably or raises Problem.
    """

    def __init__(self, write: Write, limits: Settings, max_bytes: int) -> None:
        self._write = write
        self._most = limits.quarantine_max_events
        self._max_bytes = max_bytes

    async def keep(
        self, events: Sequence[RawEvent], rejections: Sequence[Rejection], origin: Origin
    ) -> Kept:
        """Return when each rejected event is acknowledged as a dead letter or given up."""
        if not rejections:
            return Kept(0)
        missed: Counter[str] = Counter()
        queue = iter(rejections[: self._most])
        writers = (self._drain(queue, events, origin, missed) for _ in range(IN_FLIGHT))
        kept = sum(await asyncio.gather(*writers))
        if unwritten := len(rejections) - kept - missed.total():
            missed["quarantine_limit"] += unwritten
        for code, count in missed.items():
            NOT_QUARANTINED.labels(code).inc(count)
        return Kept(kept, tuple(Missed(code, count) for code, count in sorted(missed.items())))

    async def _drain(
        self,
        queue: Iterable[Rejection],
        events: Sequence[RawEvent],
        origin: Origin,
        missed: Counter[str],
    ) -> int:
        """Write letters from the shared queue; after a failure only count what is in it."""
        kept = 0
        outage = ""
        for rejection in queue:
            raw = events[rejection.index]
            if rejection.code == "foreign_source":  # not its sender's to bring, nor to redrive
                missed[rejection.code] += 1
                continue
            if outage or len(memoryview(raw)) > self._max_bytes:
                missed[outage or "too_long"] += 1
                continue
            letter = _letter(bytes(raw), rejection, origin)
            try:
                await self._write(letter)
            except Problem as problem:
                outage = problem.kind.code
                missed[outage] += 1
            else:
                kept += 1
                QUARANTINED.labels(letter.source, letter.code).inc()
        return kept


def _letter(raw: bytes, rejection: Rejection, origin: Origin) -> DeadLetter:
    detail = f"{rejection.path}: {rejection.detail}" if rejection.path else rejection.detail
    return DeadLetter(
        source=identity_of(raw)[1],
        raw=raw,
        code=rejection.code,
        detail=detail,
        stage="ingest",
        origin=origin.correlation_id,
        index=rejection.index,
        attempts=1,
        first_at=origin.received_at,
        correlation_id=origin.correlation_id,
    )
