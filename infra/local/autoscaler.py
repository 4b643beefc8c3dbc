"""How many replicas a function should have: 0 to N by requests in flight, back after idling."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Autoscaler:
    """Wants ceil(in flight / `target`) replicas at once, and fewer only after `idle` seconds.

    The answer lies between `minimum` and `maximum`. Times are those of one monotonic clock.
    """

    minimum: int
    maximum: int
    target: int
    idle: float
    _needed_at: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._needed_at = [float("-inf")] * self.maximum

    def hold(self, replicas: int, now: float) -> None:
        """Treat that many replicas as needed until now."""
        for index in range(min(replicas, self.maximum)):
            self._needed_at[index] = now

    def desired(self, in_flight: int, now: float) -> int:
        """Return the number of replicas to have, given the requests in flight."""
        needed = min(self.maximum, -(-in_flight // self.target))
        self.hold(needed, now)
        held = sum(now - needed_at < self.idle for needed_at in self._needed_at)
        return max(self.minimum, needed, held)
