"""Builds a large data set quickly: the public publisher's events, stored by the product's writer.

What HTTP, broker and connector would have added is time. Rows, identities, rollups and the ledger
are those that the collectors would have written, in the order in which they would have come:
batches of one source, both sources abreast, several written at once.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import msgspec

from infra.publisher.andriiuni import AndriiuniProfile
from infra.publisher.timeline import render
from shared.events.decoding import decode_event, latest_timestamp
from shared.events.model import SOURCES, Source
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.store.rows import Row, build_row
from shared.store.writer import EventWriter, MessageRecord

BATCH: Final = 5_000
"""Events of a transaction, all of one source."""

_MESSAGE: Final = 500
_FIRST_SEQUENCE: Final = 1 << 48
"""Above every sequence of a stream, so that no message of one is taken for one of these."""

_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """`events` spread evenly over the `window` before `end`; another `end` makes other events."""

    database_url: str
    events: int
    window: timedelta
    end: datetime

    @property
    def start(self) -> datetime:
        """The moment from which on there are events."""
        return self.end - self.window

    def batches(self) -> "Iterator[_Batch]":
        """Yield the batches, in the order of time."""
        numbers = range(0, self.events, BATCH)
        for number, first in enumerate(numbers):
            pair = number // len(SOURCES) * len(SOURCES)
            share = self.window / len(numbers)
            yield _Batch(
                source=SOURCES[number % len(SOURCES)],
                size=min(BATCH, self.events - first),
                start=self.start + pair * share,
                end=min(self.end, self.start + (pair + len(SOURCES)) * share),
                sequence=_FIRST_SEQUENCE + first,
                seed=f"{self.end} {first}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    source: Source
    size: int
    start: datetime
    end: datetime
    sequence: int
    seed: str


def build(dataset: Dataset, processes: int | None = None) -> Iterator[int]:
    """Store a data set and yield how many events that are so far. Raises Problem."""
    context = multiprocessing.get_context("spawn")
    workers = processes or os.cpu_count() or 1
    stored = 0
    with context.Pool(workers, _open, (dataset.database_url,)) as pool:
        for size in pool.imap_unordered(_store, dataset.batches()):
            stored += size
            yield stored


class _Worker:
    """A process's own connection and event loop."""

    def __init__(self, database_url: str) -> None:
        self._runner = asyncio.Runner()
        settings = Settings(database_url=database_url)
        self._database = Database(settings, "dataset", configure=prepare)
        self._runner.run(self._database.open())
        self._writer = EventWriter(self._database)

    def store(self, batch: _Batch) -> int:
        """Make and store a batch; return how many of its events are new."""
        rng = Random(batch.seed)  # noqa: S311 - test data, not secrets
        rows = list(_rows(batch, rng))
        messages = [
            MessageRecord(
                stream_sequence=sequence,
                published_at=batch.end,
                source=batch.source,
                received_at=batch.end,
                correlation_ids=f"{rng.getrandbits(128):032x}",
                events=min(_MESSAGE, batch.sequence + batch.size - sequence),
                rejected=0,
            )
            for sequence in range(batch.sequence, batch.sequence + batch.size, _MESSAGE)
        ]
        self._runner.run(self._writer.write(rows, messages))
        return sum(message.stored for message in messages)


def _rows(batch: _Batch, rng: Random) -> Iterator[Row]:
    first, last = (_milliseconds(moment) for moment in (batch.start, batch.end))
    moments = sorted(first + int(rng.random() * (last - first)) for _ in range(batch.size))
    profile = AndriiuniProfile(rng, 1.0 if batch.source == "facebook" else 0.0)
    latest = latest_timestamp()
    for index, raw in enumerate(profile.mint(render(moments)).events):
        event = decode_event(msgspec.Raw(raw), latest, escapes=False)
        sequence = batch.sequence + index - index % _MESSAGE
        yield build_row(event, raw.decode(), sequence, index % _MESSAGE)


def _milliseconds(moment: datetime) -> int:
    since = moment - datetime.fromtimestamp(0, UTC)
    return since // timedelta(milliseconds=1)


_workers: list[_Worker] = []


def _open(database_url: str) -> None:
    _workers.append(_Worker(database_url))


def _store(batch: _Batch) -> int:
    return _workers[0].store(batch)
