from datetime import UTC, datetime, timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from shared.reports.windows import (
    DAY,
    QUARTER,
    SECOND,
    Edge,
    Piece,
    Span,
    Split,
    by_days,
    by_rows,
    split,
    touched,
    without_seconds,
)

BASE = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

near_a_bucket = st.builds(
    lambda bucket, seconds, offset: (
        BASE + bucket * QUARTER + seconds * SECOND + offset * MICROSECOND
    ),
    st.integers(-4, 4),
    st.sampled_from([-450, -1, 0, 1, 449, 450]),
    st.sampled_from([-500_000, -2, -1, 0, 1, 2, 499_999, 500_000]),
)
anywhere = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(BASE.__add__)
moments = near_a_bucket | anywhere
bounds = st.none() | moments


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start, end = draw(bounds), draw(bounds)
    if start and end and start > end:
        start, end = end, start
    return Span(start, end)


def splits(span: Span) -> list[Split]:
    parts = split(span)
    return [parts, without_seconds(parts, span), by_rows(span)]


def pieces(parts: Split) -> list[Piece]:
    found = chain((edge.seconds, edge.rows) for edge in (parts.head, parts.tail))
    whole = [Piece(parts.whole)] if parts.whole else []
    return [*whole, *(piece for pair in found for piece in pair if piece)]


def holds(span: Span, moment: datetime) -> bool:
    return (span.start is None or span.start <= moment) and (span.end is None or moment < span.end)


@given(span=spans(), moment=moments)
def test_every_moment_counts_once_in_the_range_and_not_at_all_beside_it(
    span: Span, moment: datetime
) -> None:
    for parts in splits(span):
        count = sum(piece.sign for piece in pieces(parts) if holds(piece.span, moment))
        assert count == holds(span, moment)


@given(span=spans(), moment=moments)
def test_days_are_whole_and_all_that_a_span_has(span: Span, moment: datetime) -> None:
    parts = by_days(span)
    found = [part for part in (parts.before, parts.days, parts.after) if part]
    assert sum(holds(part, moment) for part in found) == holds(span, moment)
    for limit in (parts.days.start, parts.days.end) if parts.days else ():
        assert limit is None or (limit - BASE) % DAY == timedelta()
    if parts.days:
        assert all(length(part) < DAY for part in (parts.before, parts.after) if part)


@given(span=spans())
def test_a_span_touches_the_quarter_that_it_begins_in(span: Span) -> None:
    start = touched(span).start
    if span.start is None or start is None:
        assert start is span.start
    else:
        assert span.start - QUARTER < start <= span.start
        assert (start - BASE) % QUARTER == timedelta()
    assert touched(span).end == span.end


@given(span=spans())
def test_buckets_are_whole_and_edges_at_most_half_of_one(span: Span) -> None:
    parts = split(span)
    for limits, bucket in (
        (parts.whole, QUARTER),
        *((edge.seconds and edge.seconds.span, SECOND) for edge in (parts.head, parts.tail)),
    ):
        for limit in (limits.start, limits.end) if limits else ():
            assert limit is None or (limit - BASE) % bucket == timedelta()
    for edge in (parts.head, parts.tail):
        assert edge.seconds is None or length(edge.seconds.span) <= QUARTER / 2
        assert edge.rows is None or length(edge.rows.span) <= SECOND


def length(span: Span) -> timedelta:
    assert span.start
    assert span.end
    return span.end - span.start


@given(span=spans())
def test_an_edge_lies_in_its_quarter(span: Span) -> None:
    parts = split(span)
    for edge in (parts.head, parts.tail):
        for piece in (edge.seconds, edge.rows):
            if edge.quarter and piece:
                assert piece.span.start is not None
                assert edge.quarter <= piece.span.start
                assert piece.span.end is not None
                assert piece.span.end <= edge.quarter + QUARTER


@given(span=spans())
def test_without_seconds_there_are_none_and_rows_are_those_of_a_quarter_at_most(
    span: Span,
) -> None:
    parts = without_seconds(split(span), span)
    assert parts.quarters == []
    for edge in (parts.head, parts.tail):
        assert edge.seconds is None
        assert edge.rows is None or length(edge.rows.span) <= QUARTER


def test_unbounded_is_all_whole() -> None:
    assert split(Span(None, None)) == Split(Edge(), Span(None, None), Edge())


def test_whole_quarters_have_no_pieces_beside_them() -> None:
    span = Span(BASE, BASE + QUARTER)
    assert pieces(split(span)) == [Piece(span)]
    assert split(span).quarters == []


def test_a_second_or_less_is_rows() -> None:
    span = Span(BASE + MICROSECOND, BASE + SECOND)
    assert split(span) == Split(Edge(rows=Piece(span)), None, Edge())


def test_the_quarters_whose_seconds_are_read_are_told() -> None:
    span = Span(BASE + SECOND, BASE + 2 * QUARTER - SECOND)
    assert split(span).quarters == [BASE, BASE + QUARTER]
    assert split(span).whole == Span(BASE, BASE + 2 * QUARTER)
