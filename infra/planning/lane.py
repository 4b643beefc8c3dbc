"""A lane: what waits of a source's partition in the stream, and who fetches and stores it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from infra.planning.costs import Costs
from infra.planning.layout import Layout
from infra.planning.parts import Permits, Program
from infra.planning.simulation import Simulation, in_turn
from infra.planning.storing import Collector

LINGER: Final = 0.1
"""Seconds between invocations that are not full, INVOKE_LINGER."""

DELIVERING: Final = 0.4
"""A broker's CPU for pulls and acknowledgements, relative to all of it."""

INVOKING: Final = 0.6
"""A gateway's CPU for invocations, relative to all of it."""

_FETCH, _SETTLE = 0.85, 0.15
"""What a connector spends before and after an invocation."""


@dataclass(slots=True)
class Route:
    """A connector's way to the lane's collectors: see infra.connector.route."""

    connector: Program
    broker: Program
    gateways: Iterator[Program]
    permits: Permits
    grows_until: float = 0.0
    looks_later: bool = False


class Lane:
    """Fetches batches and has them stored; `stored` is told of each one's events."""

    def __init__(
        self,
        simulation: Simulation,
        layout: Layout,
        costs: Costs,
        collectors: Sequence[Collector],
        stored: Callable[[int], None],
    ) -> None:
        self._waiting = 0
        self._simulation = simulation
        self._layout = layout
        self._costs = costs
        self._collectors = collectors
        self._stored = stored
        self._routes: list[Route] = []

    def serve(self, connector: Program, broker: Program, gateways: Iterator[Program]) -> None:
        """Have one more connector serve the lane."""
        permits = self._simulation.permits("invocations in flight", self._layout.concurrency)
        self._routes.append(Route(connector, broker, gateways, permits))

    def arrive(self, events: int) -> None:
        """Add events to what waits."""
        self._waiting += events
        for route in self._routes:
            self._look(route)

    def _look(self, route: Route) -> None:
        """Start the calls that there is room for; a batch that is not full waits to grow."""
        while self._waiting and route.permits.free:
            grows = route.grows_until - self._simulation.now
            if grows > 0 and self._waiting < 2 * self._layout.batch:
                self._look_later(route, grows)
                return
            events = min(self._layout.batch, self._waiting)
            self._waiting -= events
            if not self._waiting:
                route.grows_until = self._simulation.now + LINGER
            route.permits.take(lambda: None)
            self._deliver(route, events)

    def _look_later(self, route: Route, seconds: float) -> None:
        if route.looks_later:
            return
        route.looks_later = True

        def look() -> None:
            route.looks_later = False
            self._look(route)

        self._simulation.after(seconds, look)

    def _deliver(self, route: Route, events: int) -> None:
        """Take a batch through connector, gateway and collector, and back."""
        collector = min(self._collectors, key=lambda each: each.in_flight)
        collector.in_flight += 1
        costs = self._costs

        def done() -> None:
            collector.in_flight -= 1
            self._stored(events)
            route.permits.give(lambda: self._look(route))

        in_turn(
            route.broker.work(events * costs.broker * DELIVERING * 1e-6),
            route.connector.work(events * costs.connector * _FETCH * 1e-6),
            next(route.gateways).work(events * costs.gateway * INVOKING * 1e-6),
            collector.store(events),
            route.connector.work(events * costs.connector * _SETTLE * 1e-6),
        )(done)
