"""Delays that grow with each failure, with jitter so that retries do not march in step."""

import math
import random


class Backoff:
    """`delay()` is base, 2*base, 4*base … up to `longest` seconds, each times 0.5 to 1.

    What the other side asks for is granted up to `longest_asked` seconds.
    """

    def __init__(
        self, base: float, longest: float, longest_asked: float = math.inf, failures: int = 0
    ) -> None:
        self._base = base
        self._longest = longest
        self._longest_asked = longest_asked
        self.failures = failures

    def failed(self) -> None:
        """Count a failure."""
        self.failures += 1

    def succeeded(self) -> None:
        """Start from the beginning."""
        self.failures = 0

    def delay(self, at_least: float | None = None) -> float:
        """Return the seconds to wait now; `at_least` is what the other side asked for."""
        exponent = min(self.failures - 1, 30)
        bound = min(self._longest, self._base * 2.0**exponent) if self.failures else 0.0
        jittered = bound * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing
        return max(jittered, min(at_least or 0.0, self._longest_asked))
