"""Growing delays between the restarts of what keeps ending."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Delays of `base`, 2 `base`, 4 `base` … up to `limit` seconds.

    What was up for `stable` seconds begins anew. Times are those of one monotonic clock.
    """

    base: float = 0.1
    limit: float = 15.0
    stable: float = 3.0
    failures: int = 0
    next_attempt: float = 0.0

    def ended(self, uptime: float, now: float) -> float:
        """Note an end after `uptime` seconds; return the delay before the next attempt."""
        self.failures = 1 if uptime >= self.stable else self.failures + 1
        delay = float(min(self.limit, self.base * 2 ** min(self.failures - 1, 32)))
        self.next_attempt = now + delay
        return delay

    def remaining(self, now: float) -> float:
        """Return the seconds until the next attempt is allowed, 0 if it is."""
        return max(0.0, self.next_attempt - now)
