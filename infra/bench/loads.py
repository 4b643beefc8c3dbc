"""The scenarios that put a load on a running stack."""

from collections.abc import Iterator
from functools import cache
from itertools import repeat
from random import Random
from typing import Final

from infra.bench.load import Load, LoadRun, Target
from infra.bench.outcome import Outcome
from infra.bench.rendering import Renderer
from infra.bench.sizes import Sizes
from infra.bench.stock import Stock
from infra.publisher.bodies import Body
from infra.publisher.flow import Pace

_STOCK: Final = 100_000
_SMALLEST, _LARGEST = 1_000, 50_000


class LoadScenario:
    """A load that Target and Sizes determine."""

    stack = True

    def load(self, sizes: Sizes) -> Load:
        """Return the load."""
        raise NotImplementedError

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once."""
        return (await LoadRun(target, self.load(sizes))()).outcome()


class Publisher(LoadScenario):
    """What the public publisher does, or the same bodies at a rate."""

    summary = "arrays of 1,000 to 50,000 events, one every second, or at --rate, overlapping"

    def load(self, sizes: Sizes) -> Load:
        """Return bodies of random sizes."""
        bodies = _renderer(_STOCK).arrays(_random_sizes())
        if sizes.rate is None:
            pace, seconds = Pace(interval=1.0), sizes.seconds or 20
        else:
            pace, seconds = Pace(rate=sizes.rate), sizes.seconds or 60
        if sizes.rate == 0:
            return Load(bodies, sizes.concurrency or 3, None, seconds)
        return Load(bodies, sizes.concurrency or 64, pace, seconds)


class Bulk(LoadScenario):
    """As fast as possible."""

    summary = "arrays of one size, as fast as possible, or at --rate"

    def load(self, sizes: Sizes) -> Load:
        """Return `events` in bodies of one size, or as many as `seconds` let through."""
        if sizes.rate:
            pace, seconds = Pace(rate=sizes.rate), sizes.seconds or 60
            bodies = _arrays(sizes.body_size, None)
            return Load(bodies, sizes.concurrency or 64, pace, seconds)
        events = sizes.events or (None if sizes.seconds else 400_000)
        return Load(
            _arrays(sizes.body_size, events),
            sizes.concurrency or 8,
            seconds=sizes.seconds,
        )


class Single(LoadScenario):
    """One event per POST."""

    summary = "one event per POST over 32 kept connections, as fast as possible, or at --rate"

    def load(self, sizes: Sizes) -> Load:
        """Return events one by one."""
        renderer = _renderer(_STOCK // 10)
        concurrency = sizes.concurrency or 32
        if sizes.rate:
            pace, seconds = Pace(rate=sizes.rate), sizes.seconds or 60
            return Load(renderer.singles(sizes.events), concurrency, pace, seconds)
        events = sizes.events or (None if sizes.seconds else 20_000)
        return Load(renderer.singles(events), concurrency, seconds=sizes.seconds)


class Burst(LoadScenario):
    """How fast events are accepted when nothing else is done."""

    summary = "accept only, as fast as possible, with the connector held; then all drains"

    def load(self, sizes: Sizes) -> Load:
        """Return bodies of one size without end."""
        bodies = _arrays(sizes.body_size, sizes.events)
        return Load(bodies, sizes.concurrency or 8, seconds=sizes.seconds or 30, hold="accept")


class Drain(LoadScenario):
    """How fast a backlog is stored."""

    summary = "a backlog of 1,000,000 events, from its release until all is reported"

    def load(self, sizes: Sizes) -> Load:
        """Return the backlog."""
        bodies = _arrays(sizes.body_size, sizes.events or 1_000_000)
        return Load(bodies, sizes.concurrency or 8, hold="drain")


@cache
def _stock(size: int) -> Stock:
    """Return a stock for all runs: what is sent of it is fresh each time."""
    return Stock(Random(), size)  # noqa: S311 - test data


def _renderer(stock: int) -> Renderer:
    return Renderer(_stock(stock), Random())  # noqa: S311 - test data


def _arrays(size: int, events: int | None) -> Iterator[Body]:
    """Return bodies of one size, the last one smaller, for so many events or without end."""
    stock = _STOCK if events is None else max(size, min(_STOCK, events))
    return _renderer(stock).arrays(repeat(size) if events is None else _parts(events, size))


def _parts(events: int, size: int) -> Iterator[int]:
    for done in range(0, events, size):
        yield min(size, events - done)


def _random_sizes() -> Iterator[int]:
    rng = Random()  # noqa: S311 - test data
    while True:
        yield rng.randint(_SMALLEST, _LARGEST)
