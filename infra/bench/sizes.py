"""How much a scenario is to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much to do. None leaves it to the scenario.

    `rate` is in events a second, 0 for as fast as possible; `times` counts cold starts.
    """

    events: int | None = None
    body_size: int = 1_000
    concurrency: int | None = None
    rate: float | None = None
    seconds: float | None = None
    times: int = 30
