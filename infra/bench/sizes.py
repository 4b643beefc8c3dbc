"""How much a scenario is to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much to do. None leaves it to the scenario.

    `rate` is in events a second, 0 for as fast as possible; `times` counts cold starts;
    `points` is the file that gets what growth finds.
    """

    events: int | None = None
    body_size: int = 1_000
    concurrency: int | None = None
    rate: float | None = None
    seconds: float | None = None
    times: int = 30
    points: Path | None = None
