"""From a batch at a collector to its commit: shared.collector and shared.store.writer in steps."""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

from infra.planning.costs import FULL_BATCH, Costs
from infra.planning.layout import Layout
from infra.planning.parts import Permits, Program, Step, Then
from infra.planning.simulation import Simulation, in_turn, together
from infra.planning.site import Site

POOL: Final = 4
"""Connections of a collector, DATABASE_POOL_SIZE."""

_DECODE, _COPY, _ROLL_UP, _REST = 0.64, 0.23, 0.02, 0.11
"""What a collector's process spends where, by the ledger's stages. Decoding is one piece: nothing
else happens in the process meanwhile."""

_HOUSEKEEPING: Final = 0.3
"""What of the database's CPU is not the transaction's own process."""

_WRITE, _LOCKED = 0.92, 0.08
"""What of the rest comes before the first rollup row, and what from there to the commit."""

_SLICES: Final = 8
"""Pieces of a COPY: between two of them the collector's process does other things."""

_BEHIND: Final = 16
"""Batches that housekeeping may lag behind."""


class Store:
    """One database: its locks, its log and what works beside the transactions.

    `sync` is the commit's fsync, which transactions that commit at the same time share.
    """

    def __init__(
        self, simulation: Simulation, site: Site, number: int, costs: Costs, layout: Layout
    ) -> None:
        self.site = site
        self.number = number
        self.costs = costs
        self.log = site.logs[number]
        self.sync = simulation.delay(costs.sync)
        self.log_seconds = costs.log_bytes / layout.log_bandwidth
        self._behind = site.lock("housekeeping's backlog", _BEHIND)
        self._rollups: dict[str, Permits] = {}

    def rollups(self, source: str) -> Permits:
        """Return the lock on a source's rollup rows of the present."""
        if source not in self._rollups:
            self._rollups[source] = self.site.lock("rollup rows", 1)
        return self._rollups[source]

    def admit(self, then: Then) -> None:
        """Go on unless housekeeping is too far behind."""
        self._behind.take(then)

    def tidy(self, seconds: float) -> None:
        """Have housekeeping do its part, whenever it comes to it."""
        housekeeper = next(self.site.housekeeping[self.number])
        housekeeper.do(seconds, lambda: self._behind.give(_nothing))


class Collector:
    """One process of a collector function."""

    def __init__(self, program: Program, store: Store, source: str) -> None:
        self.in_flight = 0
        self._program = program
        self._store = store
        self._rollups = store.rollups(source)
        self._connections = store.site.lock("connections of a collector", POOL)
        self._backends: Iterator[Program] = cycle(
            [store.site.backend(store.number) for _ in range(POOL)]
        )

    def store(self, events: int) -> Step:
        """Return the step that stores a batch."""
        store, costs = self._store, self._store.costs
        smaller = 1 - events / FULL_BATCH
        here = (events * costs.collector + smaller * costs.collector_batch) * 1e-6
        there = (events * costs.database + smaller * costs.database_batch) * 1e-6
        tidying, there = there * _HOUSEKEEPING, there * (1 - _HOUSEKEEPING)
        backend = next(self._backends)
        sliced = self._program.work(here * _COPY / _SLICES)
        copying = in_turn(*([sliced] * _SLICES))
        hop = self._program.work(here * _ROLL_UP / 4)
        logging = store.log.work(events * store.log_seconds / _SLICES)

        def tidy(then: Then) -> None:
            store.tidy(tidying)
            then()

        return in_turn(
            self._program.work(here * _DECODE),
            store.admit,
            self._connections.take,
            together(copying, backend.work(there * _WRITE), in_turn(*([logging] * _SLICES))),
            self._rollups.take,
            backend.work(there * _LOCKED / 4),
            *[hop, backend.work(there * _LOCKED / 4)] * 3,
            store.sync,
            self._rollups.give,
            self._connections.give,
            tidy,
            self._program.work(here * (_REST + _ROLL_UP / 4)),
        )


def _nothing() -> None:
    """End a chain of steps."""
