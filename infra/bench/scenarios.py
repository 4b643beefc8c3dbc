"""The scenarios of the benchmark.

A scenario is a class with a summary and a `run`; adding one is adding a class to SCENARIOS.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from infra.bench.load import Load, LoadRun, Target
from infra.bench.measurement import Measurement
from infra.publisher.bodies import Body, body
from infra.publisher.generator import Generator, Plan

_SINGLE_EVENTS: Final = 20_000
_LARGEST: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much to do. None leaves it to the scenario."""

    events: int | None = None
    body_size: int = 10_000
    concurrency: int | None = None
    seconds: int = 20


class Scenario(Protocol):
    """Something to measure."""

    summary: str

    async def run(self, target: Target, sizes: Sizes) -> Measurement:
        """Measure once. Each run makes new events."""


class Bulk:
    """As fast as possible."""

    summary = "bodies of one size, as fast as possible"

    async def run(self, target: Target, sizes: Sizes) -> Measurement:
        """Measure once."""
        plan = Plan(
            profile="andriiuni",
            number=sizes.events or 400_000,
            batch=(sizes.body_size, sizes.body_size),
        )
        return await LoadRun(target, Load(prepared(plan), sizes.concurrency or 3))()


class Single:
    """One event per POST."""

    summary = "one event per POST over kept connections"

    async def run(self, target: Target, sizes: Sizes) -> Measurement:
        """Measure once."""
        number = sizes.events or _SINGLE_EVENTS
        plan = Plan(profile="andriiuni", number=number, batch=(1, 1), invalid=0)
        bodies = prepared(plan, form="single")
        return await LoadRun(target, Load(bodies, sizes.concurrency or 32))()


class Publisher:
    """What the public publisher does."""

    summary = "arrays of 1,000 to 50,000 events, one every second, overlapping"

    async def run(self, target: Target, sizes: Sizes) -> Measurement:
        """Measure once."""
        plan = Plan(profile="andriiuni", number=None, batch=(1000, _LARGEST))
        bodies = prepared(plan, count=sizes.seconds)
        return await LoadRun(target, Load(bodies, sizes.concurrency or 64, interval=1.0))()


def prepared(plan: Plan, *, form: str = "array", count: int | None = None) -> deque[Body]:
    """Return the bodies of a plan, at most `count`, made beforehand."""
    batches = islice(Generator(plan).batches(), count)
    return deque(body(batch, form) for batch in batches)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "bulk": Bulk(),
    "single": Single(),
    "publisher": Publisher(),
}
