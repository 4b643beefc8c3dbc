"""The scenario `ceilings`: what this machine can do at most with the same bytes.

COPY of the rows into a table without indexes, the stream with messages published as they are, and
HTTP with a handler that does nothing: each alone, so that what the product reaches can be seen
against it.
"""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from infra.bench.copying import copy_rows_again
from infra.bench.load import Target
from infra.bench.meters import Meter
from infra.bench.noop_load import post_to_noop
from infra.bench.outcome import Column, Outcome, Sheet
from infra.bench.path import accept, collect, compress, invoke
from infra.bench.processes import server_of
from infra.bench.scratch import scratch_database, scratch_stream
from infra.bench.sizes import Sizes
from infra.bench.streaming import publish
from infra.bench.workload import bodies
from shared.settings import settings

_EVENTS: Final = 100_000
_SINGLES: Final = 20_000
_COLUMNS: Final = (
    Column("eventsPerSecond", "events/s", ",.0f"),
    Column("microseconds", "client, CPU µs per event"),
    Column("serverMicroseconds", "server, CPU µs per event"),
)


class Ceiling(NamedTuple):
    """What it took: seconds, CPU seconds of this process and of the server, if that is known."""

    events: int
    seconds: float
    here: float
    server: float | None

    def row(self) -> list[float | None]:
        """Return it as a row of the sheet."""
        server = None if self.server is None else self.server * 1e6 / self.events
        return [self.events / self.seconds, self.here * 1e6 / self.events, server]


async def timed(events: int, work: Callable[[], Awaitable[float | None]]) -> Ceiling:
    """Do the work, which returns the server's CPU seconds, and return what it took."""
    here, start = time.process_time(), time.monotonic()
    server = await work()
    return Ceiling(events, time.monotonic() - start, time.process_time() - here, server)


class Ceilings:
    """The machine's limits for the same events."""

    summary = "the machine's own limits: COPY without indexes, bare publish, a no-op handler"
    stack = True

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once. Raises MissingError without the servers."""
        nats, database = target.nats(), target.database()
        events = sizes.events or _EVENTS
        texts = bodies(events, sizes.body_size)
        ones = bodies(min(_SINGLES, events), 1)
        rows = {
            f"HTTP, no-op, {sizes.body_size:,} a body": await timed(
                events, lambda: post_to_noop(texts)
            ),
            "HTTP, no-op, one a body": await timed(len(ones), lambda: post_to_noop(ones)),
        }
        limits, meter = settings(), Meter()
        messages = compress(meter, accept(meter, texts, limits))
        server = server_of(target.listing, "nats")
        async with scratch_stream(nats) as broker:
            bare = Meter()
            ceiling = await timed(
                events, lambda: publish(bare, broker, messages, server, bare=True)
            )
        [spent] = bare.spent.values()
        rows["stream, bare packed messages, synced"] = ceiling._replace(server=spent.server)
        with scratch_database(database) as scratch:
            await collect(meter, invoke(meter, messages, limits), scratch)
            for writers in range(1, min(2, os.cpu_count() or 1) + 1):
                again = copy_rows_again(scratch, events, writers)
                rows[f"COPY, no index, {writers} writer{'s' * (writers > 1)}"] = await timed(
                    events, again
                )
        return Outcome(
            headline=f"{events:,} events",
            conclusion="Each limit was reached alone, with nothing else under way.",
            sheets=[
                Sheet("ceilings", "limit", _COLUMNS, {name: c.row() for name, c in rows.items()})
            ],
            details={"events": events},
        )
