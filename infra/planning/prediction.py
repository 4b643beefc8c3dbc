"""Runs the path of the events in the simulation and says how fast it is and what limits it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from infra.planning.accepting import Intake
from infra.planning.costs import Costs
from infra.planning.lane import Lane
from infra.planning.layout import Layout
from infra.planning.simulation import Share, Simulation
from infra.planning.site import SOURCES, Site
from infra.planning.storing import Collector, Store

FULL: Final = 0.9
"""Share of its time from which on something is what limits the rate."""

_WARM_UP: Final = 1.5
_SECONDS: Final = 4.0
_PATIENCE: Final = 3_600.0
_IN_FLIGHT: Final = 6
"""Batches on their way for each route, when as many events come as are stored."""

_WAITS: Final = ("invocations in flight", "connections of a collector")
"""What is full because something behind it is slow, or because there could be more of it."""


class Work(StrEnum):
    """What the path is to do."""

    SUSTAINED = "sustained"
    """Events come as fast as they are stored, without end."""
    BURST = "burst"
    """Events are accepted only."""
    BULK = "bulk"
    """So many events come as fast as they are accepted; the time is until all are stored."""
    DRAIN = "drain"
    """So many events are stored that were accepted before."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Events a second, and how busy each kind of part is: the busiest one of them, 0 to 1."""

    rate: float
    busy: dict[str, float]

    @property
    def limit(self) -> str:
        """Return the part that is full, or else what has to wait."""
        parts = {name: share for name, share in self.busy.items() if name not in _WAITS}
        fullest = max(parts, key=lambda name: parts[name])
        if parts[fullest] >= FULL:
            return fullest
        return "invocations in flight" if self.busy["invocations in flight"] >= FULL else "bodies"


def predict(
    layout: Layout, costs: Costs, work: Work = Work.SUSTAINED, events: int = 600_000
) -> Prediction:
    """Return how fast a layout does some work; `events` is how much of BULK or DRAIN."""
    run = _Run(layout, costs, work, events)
    rate = run()
    return Prediction(rate, _busiest(run.simulation.shares()))


def _busiest(shares: list[Share]) -> dict[str, float]:
    busy: dict[str, float] = {}
    for name, share in shares:
        busy[name] = max(share, busy.get(name, 0.0))
    return busy


class _Run:
    def __init__(self, layout: Layout, costs: Costs, work: Work, events: int) -> None:
        self.simulation = Simulation()
        self._layout = layout
        self._work = work
        self._events = events
        self._sent = self._accepted = self._stored = 0
        site = Site(layout, self.simulation)
        stores = [
            Store(self.simulation, site, number, costs, layout)
            for number in range(layout.databases)
        ]
        sources = [source for _ in range(layout.partitions) for source in SOURCES]
        self._lanes = [
            self._lane(site, stores[number % len(stores)], source, number, costs)
            for number, source in enumerate(sources)
        ]
        self._intake = Intake(self.simulation, site, layout, costs, self._lanes)
        routes = len(self._lanes) * layout.connectors * layout.concurrency
        self._window = _IN_FLIGHT * routes * layout.batch

    def _lane(self, site: Site, store: Store, source: str, number: int, costs: Costs) -> Lane:
        layout = self._layout
        programs = site.replicas("collector", layout.collectors)
        collectors = [Collector(program, store, source) for program in programs]
        lane = Lane(self.simulation, layout, costs, collectors, self._store)
        if self._work is not Work.BURST:
            for connector in site.connectors:
                broker = site.brokers[number % layout.streams]
                lane.serve(connector, broker, site.gateways)
        return lane

    def __call__(self) -> float:
        """Return events a second."""
        if self._work is Work.DRAIN:
            for lane in self._lanes:
                lane.arrive(self._events // len(self._lanes))
        else:
            self._post()
        if self._work in {Work.BULK, Work.DRAIN}:
            self.simulation.run(_PATIENCE)
            return self._stored / self.simulation.now
        self.simulation.run(_WARM_UP)
        self.simulation.reset()
        before = self._done()
        self.simulation.run(_WARM_UP + _SECONDS)
        return (self._done() - before) / _SECONDS

    def _done(self) -> int:
        return self._accepted if self._work is Work.BURST else self._stored

    def _post(self) -> None:
        """Have as many bodies in flight as there may be."""
        while self._may_post():
            body = self._layout.body
            self._sent += body

            def accepted(events: int = body) -> None:
                self._accepted += events
                self._post()

            self._intake.accept(body, accepted)

    def _may_post(self) -> bool:
        if self._sent - self._accepted >= self._layout.posts * self._layout.body:
            return False
        if self._work is Work.SUSTAINED:
            return self._sent - self._stored < self._window
        return self._work is Work.BURST or self._sent < self._events

    def _store(self, events: int) -> None:
        self._stored += events
        if self._work in {Work.BULK, Work.DRAIN} and self._stored >= self._events:
            self.simulation.stop()
        elif self._work is Work.SUSTAINED:
            self._post()
