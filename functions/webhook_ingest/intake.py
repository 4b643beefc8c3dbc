"""From a request's raw events to acknowledged messages, one bad event at a time."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from functions.webhook_ingest.metrics import ACCEPTED, FAILED, PROCESSED
from shared.errors import Problem
from shared.events.decoding import (
    InvalidEventError,
    decode_event,
    decode_events,
    guess_source,
    identity_of,
    latest_timestamp,
)
from shared.events.model import SOURCES, Source
from shared.events.splitting import RawEvent
from shared.events.text import has_escapes
from shared.settings import Settings
from shared.stream.group_commit import GroupCommit
from shared.stream.packing import Origin, Pack, Packer

SLICE = 1_000
"""Events that are validated before other requests get their turn."""

TOGETHER = 20
"""Events from which on it pays to validate them at once."""

IN_FLIGHT = 32
"""Full packs of all requests on their way to the stream; more are not even put together."""

DIRECT = 100
"""From this many events of a source, a request gets messages of its own."""


_accepted = lru_cache(ACCEPTED.labels)
_processed = lru_cache(PROCESSED.labels)


class Rejection(msgspec.Struct, frozen=True):
    """Why one event of a request was refused; `index` counts from 0."""

    index: int
    eventId: str | None
    code: str
    path: str
    detail: str


Publish = Callable[[Pack], Coroutine[Any, Any, object]]


class Intake:
    """Validates, packs and publishes; `publish` stores a pack durably or raises Problem."""

    def __init__(self, publish: Publish, limits: Settings) -> None:
        self._publish = publish
        self._limits = limits
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        bounds = limits.pack_max_events, limits.pack_max_bytes
        self._groups = {source: GroupCommit(source, publish, *bounds) for source in SOURCES}

    async def take(
        self,
        body: bytes,
        events: Sequence[RawEvent],
        origin: Origin,
        sources: Collection[Source] = SOURCES,
    ) -> tuple[int, list[Rejection]]:
        """Return the number of accepted events and the rejections.

        Events of other sources than `sources` are rejected.

        Returns when all accepted events are acknowledged by the stream. Raises Problem if any
        could not be stored: then the caller has to send the request again, which counts none of
        its events twice.
        """
        escapes = has_escapes(body)
        batch = _Batch(origin, self._limits, latest_timestamp(), sources, escapes=escapes)
        publications: list[asyncio.Task[object]] = []
        try:
            for start in range(0, len(events), SLICE):
                if start:
                    await asyncio.sleep(0)  # gives other requests their turn
                for pack in batch.add(start, events[start : start + SLICE]):
                    publications.append(await self._begin(pack))  # noqa: PERF401 - each is known once it began
            rests = [each for each in batch.packers.items() if each[1]]
            if len(rests) == 1 and not publications:
                # As for most requests: without a task of its own.
                await self._store_rest(*rests.pop(), origin)
            publications.extend(
                asyncio.create_task(self._store_rest(source, packer, origin))
                for source, packer in rests
            )
            if publications:
                await asyncio.gather(*publications)
        except BaseException as error:
            for task in publications:
                task.cancel()
            await asyncio.gather(*publications, return_exceptions=True)
            batch.count_lost(error.kind.code if isinstance(error, Problem) else "internal_error")
            raise
        batch.count_stored()
        return sum(batch.accepted.values()), batch.rejections

    async def _begin(self, pack: Pack) -> asyncio.Task[object]:
        """Begin to publish a pack once there is a slot."""
        await self._slots.acquire()
        publication = asyncio.create_task(self._publish(pack))
        publication.add_done_callback(lambda _: self._slots.release())
        return publication

    async def _store_rest(self, source: Source, packer: Packer, origin: Origin) -> None:
        if len(packer) < DIRECT:
            await self._groups[source].submit(origin, packer.take())
        else:
            await self._publish(packer.cut())


class _Batch:
    """One request's accepted events by source, and its rejections."""

    def __init__(
        self,
        origin: Origin,
        limits: Settings,
        latest: datetime,
        sources: Collection[Source],
        *,
        escapes: bool,
    ) -> None:
        self._sources = sources
        self.accepted = dict.fromkeys(SOURCES, 0)
        self._rejections: list[Rejection] = []
        self.packers = {
            source: Packer(source, origin, limits.pack_max_events, limits.pack_max_bytes)
            for source in SOURCES
        }
        self._latest = latest
        self._escapes = escapes
        self._max_event_bytes = limits.max_event_bytes

    def add(self, start: int, events: Sequence[RawEvent]) -> list[Pack]:
        """Validate events, the first of which is the request's `start`-th; return full packs."""
        if len(events) < TOGETHER:
            return self._add_singly(enumerate(events, start))
        full: list[Pack] = []
        members: dict[Source, list[tuple[int, bytes]]] = {source: [] for source in SOURCES}
        for index, raw in enumerate(map(bytes, events), start):
            members[guess_source(raw)].append((index, raw))
        for source, indexed in members.items():
            raws = [raw for _, raw in indexed]
            if source in self._sources and self._are_valid(source, raws):
                self.accepted[source] += len(raws)
                full += self.packers[source].extend(raws)
            else:
                full += self._add_singly(indexed)
        return full

    def _are_valid(self, source: Source, raws: Sequence[bytes]) -> bool:
        """Say whether all are valid events of a source; if not, some may be all the same."""
        if max(map(len, raws), default=0) > self._max_event_bytes:
            return False
        events = decode_events(raws, raws, source, self._latest, escapes=self._escapes)
        return events is not None

    def _add_singly(self, events: Iterable[tuple[int, RawEvent]]) -> list[Pack]:
        full: list[Pack] = []
        for index, raw in events:
            try:
                source = self._validate(raw)
            except InvalidEventError as error:
                self._reject(index, raw, error)
                continue
            self.accepted[source] += 1
            full += self.packers[source].extend([memoryview(raw)])
        return full

    def _validate(self, raw: RawEvent) -> Source:
        if len(memoryview(raw)) > self._max_event_bytes:
            detail = f"the event is longer than {self._max_event_bytes} bytes"
            raise InvalidEventError("too_long", "", detail)
        source: Source = decode_event(raw, self._latest, escapes=self._escapes).source
        if source not in self._sources:
            allowed = ", ".join(sorted(self._sources))
            raise InvalidEventError("foreign_source", "source", f"may be {allowed} only")
        return source

    def _reject(self, index: int, raw: RawEvent, error: InvalidEventError) -> None:
        event_id, source = identity_of(raw)
        rejection = Rejection(index, event_id, error.code, error.path, error.detail)
        self._rejections.append(rejection)
        FAILED.labels(source, error.code).inc()

    @property
    def rejections(self) -> list[Rejection]:
        """Return the rejections in the order of the request's events."""
        return sorted(self._rejections, key=attrgetter("index"))

    def count_stored(self) -> None:
        """Count the accepted events as acknowledged."""
        for source, count in self.accepted.items():
            if count:
                _accepted(source).inc(count)
                _processed(source).inc(count)

    def count_lost(self, reason: str) -> None:
        """Count the accepted events as not stored."""
        for source, count in self.accepted.items():
            ACCEPTED.labels(source).inc(count)
            FAILED.labels(source, reason).inc(count)
