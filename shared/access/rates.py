"""How often each caller may ask: a token bucket for each, in each process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import Problem

BURST = 2.0
"""Seconds' worth of requests that may come at once; at least one request may."""

_MOST = 10_000
"""Callers that are remembered; who was not heard of for longest is forgotten first."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rates:
    """Counts requests; `clock` returns seconds that never go backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, rate: float) -> None:
        """Count a request of a caller who may send `rate` a second; 0 is without limit.

        Raises Problem rate_limited.
        """
        if not rate:
            return
        now, most = self._clock(), max(1.0, rate * BURST)
        bucket = self._buckets.setdefault(caller, _Bucket(most, now))
        self._buckets.move_to_end(caller)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            detail = f"This caller may send {rate:g} requests a second."
            raise Problem("rate_limited", detail, retry_after=(1 - bucket.tokens) / rate)
        bucket.tokens -= 1
