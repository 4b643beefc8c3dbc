"""From a body to the stream: publisher, gateway, ingest, and a synced message for each lane."""

from collections.abc import Callable, Sequence
from typing import Final

from infra.planning.costs import Costs
from infra.planning.lane import DELIVERING, INVOKING, Lane
from infra.planning.layout import Layout
from infra.planning.parts import Step, Then
from infra.planning.simulation import Simulation, in_turn, together
from infra.planning.site import Site

PACK: Final = 500
"""Most events of a message, PACK_MAX_EVENTS."""


class Intake:
    """Accepts bodies whose events are dealt out evenly to the lanes."""

    def __init__(
        self,
        simulation: Simulation,
        site: Site,
        layout: Layout,
        costs: Costs,
        lanes: Sequence[Lane],
    ) -> None:
        self._simulation = simulation
        self._site = site
        self._layout = layout
        self._costs = costs
        self._lanes = lanes

    def accept(self, events: int, accepted: Callable[[], None]) -> None:
        """Take a body to the streams, then call `accepted`."""
        site, costs = self._site, self._costs
        second = events * 1e-6
        # Where machines are apart, what publishes is somewhere else.
        beside = second * costs.beside if self._layout.shared_cores is not None else 0.0
        in_turn(
            site.publisher.work(beside),
            next(site.gateways).work(second * costs.gateway * (1 - INVOKING)),
            next(site.ingest).work(second * costs.ingest),
            together(*(self._publish(number, share) for number, share in self._parts(events))),
        )(accepted)

    def _parts(self, events: int) -> list[tuple[int, int]]:
        share, more = divmod(events, len(self._lanes))
        return [(lane, share + (lane < more)) for lane in range(len(self._lanes))]

    def _publish(self, number: int, events: int) -> Step:
        """Write a lane's part: one message after the other, each synced before the next."""
        stream = number % self._layout.streams
        copying = together(
            *(self._copy(stream, copy, events) for copy in range(self._layout.copies))
        )

        def arrive(then: Then) -> None:
            self._lanes[number].arrive(events)
            then()

        return in_turn(copying, arrive)

    def _copy(self, stream: int, copy: int, events: int) -> Step:
        """Write to the stream's leader, or to one of those that follow it."""
        costs, brokers = self._costs, self._site.brokers
        broker = brokers[(stream + copy) % len(brokers)]
        seconds = events * costs.broker * (1 - DELIVERING) * 1e-6
        syncs = -(-events // PACK) * costs.sync
        if copy:
            quorum = self._simulation.delay(costs.quorum)
            return in_turn(broker.work(seconds * costs.follower), quorum)
        lock = self._site.stream_locks[stream]
        syncing = self._simulation.delay(syncs)
        return in_turn(lock.take, broker.work(seconds), syncing, lock.give)
