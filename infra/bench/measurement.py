"""What one run of a load scenario measured."""

from dataclasses import dataclass, field

from infra.bench.freshness import Percentiles
from infra.bench.resources import Usage


@dataclass(frozen=True, slots=True)
class Measurement:
    """Times are in seconds, sizes in bytes.

    `events` are the valid ones, each once. `accept_seconds` goes from the first POST to the last
    answer, `visible_seconds` to the first look at the reports that saw all (None if none did).
    `failed_looks` counts looks that got no report. `objections` is empty when N sent = N reported
    to the cent.
    """

    events: int
    requests: int
    bytes: int
    retries: int
    accept_seconds: float
    visible_seconds: float | None
    freshness: Percentiles
    answers: Percentiles
    revenue: str
    failed_looks: int
    usages: list[Usage]
    objections: list[str] = field(default_factory=list)

    @property
    def accepted_per_second(self) -> float:
        """Events accepted per second."""
        return self.events / self.accept_seconds

    @property
    def end_to_end_per_second(self) -> float:
        """Events per second from the first POST until all are visible; 0 if they never were."""
        return self.events / self.visible_seconds if self.visible_seconds else 0.0
