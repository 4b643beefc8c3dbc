"""What one run of a load measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from infra.bench.disk import Growth
from infra.bench.freshness import Percentiles
from infra.bench.outcome import Column, Figure, Outcome, Sheet
from infra.bench.resources import Usage

_MIB = 1 << 20
_PROCESSES = (
    Column("cpuSeconds", "CPU s"),
    Column("cpuSecondsPerMillion", "CPU s per million events"),
    Column("peakMiB", "peak memory MiB", ",.0f", max),
)
_TABLES = (Column("bytesPerEvent", "bytes per event", ",.1f"),)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Times are in seconds, sizes in bytes.

    `events` are the valid ones, each once. `accept_seconds` goes from the first POST to the last
    answer, `visible_seconds` to the first look at the reports that saw all (None if none did),
    `drain_seconds` so far from when the connector was released, if it was held. `failed_looks`
    counts looks that got no report. `objections` is empty when N sent = N reported to the cent.
    """

    events: int
    requests: int
    bytes: int
    retries: int
    accept_seconds: float
    visible_seconds: float | None
    drain_seconds: float | None
    freshness: Percentiles | None
    answers: Percentiles
    revenue: str
    failed_looks: int
    usages: Sequence[Usage]
    growth: Growth | None
    objections: list[str] = field(default_factory=list)

    def outcome(self) -> Outcome:
        """Return it as figures and sheets."""
        return Outcome(
            headline=f"{self.events:,} events in {self.requests:,} requests",
            conclusion=f"{self.events:,} sent = {self.events:,} reported,"
            f" revenue {self.revenue} to the cent.",
            figures=list(self._figures()),
            sheets=list(self._sheets()),
            details={
                "events": self.events,
                "requests": self.requests,
                "bytes": self.bytes,
                "retries": self.retries,
                "acceptSeconds": self.accept_seconds,
                "visibleSeconds": self.visible_seconds,
                "revenue": self.revenue,
                "failedLooks": self.failed_looks,
            },
            objections=self.objections,
        )

    def _figures(self) -> Iterator[Figure]:
        yield Figure(
            "acceptedPerSecond", "accepted, events/s", self.events / self.accept_seconds, ",.0f"
        )
        yield Figure(
            "endToEndPerSecond", "end to end, events/s", self._rate(self.visible_seconds), ",.0f"
        )
        if self.freshness is None:
            drained = self._rate(self.drain_seconds)
            yield Figure("drainedPerSecond", "drained, events/s", drained, ",.0f")
        else:
            yield from _percentiles("freshness", self.freshness, ",.2f")
        yield from _percentiles("answer", self.answers, ",.4f")
        if self.growth is not None:
            json = self.growth.per_event(self.growth.json_bytes)
            disk = self.growth.per_event(self.growth.all)
            yield Figure("jsonBytesPerEvent", "JSON, bytes per event", json, ",.0f")
            yield Figure("diskBytesPerEvent", "on disk, bytes per event", disk, ",.0f")
            yield Figure("diskToJson", "on disk / JSON", self.growth.to_json, ",.2f")

    def _rate(self, seconds: float | None) -> float:
        """Return events per second; 0 if they never were all visible."""
        return self.events / seconds if seconds else 0.0

    def _sheets(self) -> Iterator[Sheet]:
        if self.usages:
            yield usage_sheet(self.usages, self.events)
        if self.growth is not None:
            rows = {
                name: [self.growth.per_event(size)] for name, size in self.growth.tables.items()
            }
            yield Sheet("tables", "on PostgreSQL's disk", _TABLES, rows, total=True)


def usage_sheet(usages: Sequence[Usage], events: int) -> Sheet:
    """Return what processes used, in all and per million events."""
    rows = {
        usage.name: [
            usage.cpu_seconds,
            usage.cpu_seconds * 1e6 / events if events else None,
            usage.peak_bytes / _MIB,
        ]
        for usage in usages
    }
    return Sheet("processes", "process", _PROCESSES, rows)


def _percentiles(name: str, found: Percentiles, form: str) -> Iterator[Figure]:
    for key, value in (
        ("p50", found.p50),
        ("p95", found.p95),
        ("p99", found.p99),
        ("max", found.most),
    ):
        yield Figure(f"{name}{key.capitalize()}", f"{name} {key}, s", value, form)
