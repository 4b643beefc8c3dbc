"""From two timelines to freshness: how long after its acceptance an event is in the reports."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Mark:
    """At a moment (time.monotonic() seconds), so many events in all."""

    at: float
    events: int


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Seconds; None when nothing was measured."""

    p50: float | None
    p95: float | None
    p99: float | None
    most: float | None


def cumulative(answers: Iterable[tuple[float, int]]) -> list[Mark]:
    """Return the timeline of accepted events from each answer's moment and number of events."""
    ordered = sorted(answers)
    totals = accumulate(events for _, events in ordered)
    return [Mark(at, total) for (at, _), total in zip(ordered, totals, strict=True)]


def freshness(accepted: Sequence[Mark], visible: Sequence[Mark]) -> list[tuple[float, int]]:
    """Return (seconds, events): how long each answer's events took to be visible, and how many.

    An answer's events count as visible with the first look that saw as many events as were
    accepted up to and including it: events are taken to appear in the order of their acceptance. A
    look is taken to have happened when its answer came, so the figures are upper bounds, by up to
    one interval of looking. Events that no look saw are left out.
    """
    found = []
    looks = iter(visible)
    look = next(looks, None)
    before = 0
    for mark in accepted:
        while look is not None and look.events < mark.events:
            look = next(looks, None)
        if look is None:
            break
        found.append((max(0.0, look.at - mark.at), mark.events - before))
        before = mark.events
    return found


def percentiles(weighted: Iterable[tuple[float, int]]) -> Percentiles:
    """Return the nearest-rank percentiles of (value, weight) pairs."""
    ordered = sorted(pair for pair in weighted if pair[1] > 0)
    total = sum(weight for _, weight in ordered)
    if not total:
        return Percentiles(None, None, None, None)
    ranks = list(accumulate(weight for _, weight in ordered))

    def at(share: float) -> float:
        return next(
            value for (value, _), rank in zip(ordered, ranks, strict=True) if rank >= share * total
        )

    return Percentiles(at(0.5), at(0.95), at(0.99), ordered[-1][0])
