"""When events happen: in real time, or spread over a window by the hours people are awake.

Moments are milliseconds since the epoch until they are rendered.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from typing import Final, Protocol

MINUTE: Final = 60_000
_HOURLY: Final = (3, 2, 2, 2, 2, 3, 5, 7, 8, 8, 8, 9, 10, 9, 8, 8, 9, 10, 12, 13, 13, 11, 8, 5)
"""Relative activity in each hour of the day (UTC)."""
_EVENTS_PER_MILLISECOND: Final = 100
_MEAN_LATENESS: Final = 15 * MINUTE

Clock = Callable[[], int]


class Timeline(Protocol):
    """A source of moments."""

    def take(self, n: int) -> list[int]:
        """Return the next n moments, none before those given out earlier."""


class LiveTimeline:
    """Now: a request's events happened in the milliseconds just before it was made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def take(self, n: int) -> list[int]:
        """Return n moments that end now."""
        start = self._clock() - n // _EVENTS_PER_MILLISECOND
        return [start + index // _EVENTS_PER_MILLISECOND for index in range(n)]


class WindowTimeline:
    """`number` moments in order over the `window` (ms) before `end`, day and night told apart.

    Beyond `number` moments, the last minute goes on.
    """

    def __init__(self, rng: Random, number: int, window: int, end: int) -> None:
        self._rng = rng
        minutes = max(1, window // MINUTE)
        self._start = (end // MINUTE - minutes) * MINUTE
        first = self._start // MINUTE
        weights = (_HOURLY[(first + minute) // 60 % 24] for minute in range(minutes))
        self._until = list(accumulate(weights))
        self._step = self._until[-1] / max(1, number)
        self._taken = 0
        self._minute = 0

    def take(self, n: int) -> list[int]:
        """Return the next n moments, ascending."""
        return [self._next() for _ in range(n)]

    def _next(self) -> int:
        target = min((self._taken + self._rng.random()) * self._step, self._until[-1] - 1e-6)
        self._taken += 1
        while self._until[self._minute] <= target:
            self._minute += 1
        before = self._until[self._minute - 1] if self._minute else 0
        part = (target - before) / (self._until[self._minute] - before)
        return self._start + int((self._minute + part) * MINUTE)


def disorder(rng: Random, moments: list[int], share: float) -> None:
    """Make a share of the moments late or swapped with others, in place.

    Half of them happened earlier than their neighbours, by a quarter of an hour in the mean; half
    change places with each other.
    """
    chosen = rng.sample(range(len(moments)), count_of(rng, share, len(moments)))
    late, swapped = chosen[::2], chosen[1::2]
    for index in late:
        moments[index] -= int(rng.expovariate(1 / _MEAN_LATENESS))
    for a, b in zip(swapped, sorted(swapped), strict=True):
        moments[a], moments[b] = moments[b], moments[a]


def count_of(rng: Random, share: float, n: int) -> int:
    """Return how many of n a share is: rounded at random, so that the mean is right."""
    return min(n, int(share * n + rng.random()))


def render(moments: Sequence[int]) -> list[bytes]:
    """Render moments as ISO-8601 in UTC with milliseconds: b"2026-11-20T11:26:56.076Z"."""
    minutes = {minute: _minute(minute) for minute in {moment // MINUTE for moment in moments}}
    texts = {
        moment: b"%b%02d.%03dZ" % (minutes[moment // MINUTE], *divmod(moment % MINUTE, 1000))
        for moment in set(moments)
    }
    return [texts[moment] for moment in moments]


def _minute(minute: int) -> bytes:
    return datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%dT%H:%M:").encode()
