"""Splits a range of time into whole rollup buckets and what its ends have more or less than those.

An end is rounded to the nearest bucket, before it or after it: what lies between is added or taken
away, and is never more than half a bucket.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

QUARTER = timedelta(minutes=15)
"""Length of a bucket of rollup_types; buckets begin at whole quarters of an hour UTC."""

DAY = timedelta(days=1)
"""Length of a bucket of rollup_days; buckets begin at midnight UTC."""

SECOND = timedelta(seconds=1)
"""Length of a bucket of rollup_seconds."""

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""From which buckets, and the times of segments, are counted."""


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `start` (inclusive) to `end` (exclusive); None is unbounded."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Days:
    """A span as whole days, and what it has before and after these; None is nothing."""

    before: Span | None
    days: Span | None
    after: Span | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A span whose events are added (`sign` 1) or taken away (-1)."""

    span: Span
    sign: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """What is between the limit of a range and the nearest whole quarter; None is nothing.

    `quarter` is the one that the limit lies in: all of the edge does. `seconds` begins and ends
    with whole seconds.
    """

    quarter: datetime | None = None
    seconds: Piece | None = None
    rows: Piece | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A range as whole quarters and its two edges."""

    head: Edge
    whole: Span | None
    tail: Edge

    @property
    def quarters(self) -> list[datetime]:
        """Return the quarters of which seconds are read."""
        edges = (edge for edge in (self.head, self.tail) if edge.seconds)
        return [edge.quarter for edge in edges if edge.quarter]


def split(span: Span) -> Split:
    """Return a range as quarters, seconds and rows; one of a second or less is rows."""
    start, end = span.start, span.end
    if start and end and end - start <= SECOND:
        return by_rows(span)
    first = None if start is None else _nearest(start, QUARTER)
    last = None if end is None else _nearest(end, QUARTER)
    whole = None if first and first == last else Span(first, last)
    return Split(_edge(start, -1), whole, _edge(end, 1))


def by_days(span: Span) -> Days:
    """Return a span as whole days as far as it has any."""
    start, end = span.start, span.end
    first = None if start is None else start + (EPOCH - start) % DAY
    last = None if end is None else end - (end - EPOCH) % DAY
    if first and last and first >= last:
        return Days(before=span, days=None, after=None)
    return Days(
        before=Span(start, first) if start != first else None,
        days=Span(first, last),
        after=Span(last, end) if end != last else None,
    )


def touched(span: Span) -> Span:
    """Return a span from the beginning of the quarter in which it begins on."""
    start = span.start
    return span if start is None else replace(span, start=start - (start - EPOCH) % QUARTER)


def by_rows(span: Span) -> Split:
    """Return a range as rows alone, for what rollups do not carry."""
    return Split(Edge(rows=Piece(span)), None, Edge())


def without_seconds(parts: Split, span: Span) -> Split:
    """Return a split of `span` that reads rows in place of seconds."""
    if span.start and span.end and span.end - span.start <= QUARTER:
        return by_rows(span)
    return replace(parts, head=_edge(span.start, -1, QUARTER), tail=_edge(span.end, 1, QUARTER))


def _edge(limit: datetime | None, side: int, finest: timedelta = SECOND) -> Edge:
    """Return the edge at a limit; `side` is 1 if the range ends there, -1 if it begins there."""
    if limit is None:
        return Edge()
    outer, inner = _nearest(limit, QUARTER), _nearest(limit, finest)
    return Edge(
        quarter=limit - (limit - EPOCH) % QUARTER,
        seconds=_piece(outer, inner, side),
        rows=_piece(inner, limit, side),
    )


def _piece(base: datetime, limit: datetime, side: int) -> Piece | None:
    """Return what a range has more, or less, for going to `limit` instead of `base`."""
    if base == limit:
        return None
    return Piece(Span(base, limit), side) if base < limit else Piece(Span(limit, base), -side)


def _nearest(moment: datetime, bucket: timedelta) -> datetime:
    past = (moment - EPOCH) % bucket
    return moment - past + (bucket if 2 * past >= bucket else timedelta())
