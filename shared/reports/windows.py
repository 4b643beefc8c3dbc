"""Splits a range of time into whole rollup buckets and the ragged ends beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BUCKET = timedelta(minutes=15)
"""Length of a bucket of rollup_types; buckets begin at whole quarters of an hour UTC."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `start` (inclusive) to `end` (exclusive); None is unbounded."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Split:
    """Spans that together are the one split, without overlap: `whole` begins and ends with buckets.

    `head` comes before `whole`, `tail` after it. None is empty.
    """

    head: Span | None
    whole: Span | None
    tail: Span | None


def split(span: Span) -> Split:
    """Return as much of `span` as possible as whole buckets; without any, all of it is head."""
    first = None if span.start is None else _ceil(span.start)
    last = None if span.end is None else _floor(span.end)
    if first is not None and last is not None and first >= last:
        return Split(head=span, whole=None, tail=None)
    return Split(
        head=None if span.start == first else Span(span.start, first),
        whole=Span(first, last),
        tail=None if span.end == last else Span(last, span.end),
    )


def unsplit(span: Span) -> Split:
    """Return `span` with nothing in whole buckets, for what rollups do not carry."""
    return Split(head=span, whole=None, tail=None)


def _floor(moment: datetime) -> datetime:
    return moment - (moment - _EPOCH) % BUCKET


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + BUCKET
