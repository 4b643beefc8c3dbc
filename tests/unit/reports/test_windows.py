from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.reports.windows import BUCKET, Span, Split, split, unsplit

BASE = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

near_a_bucket = st.builds(
    lambda bucket, offset: BASE + bucket * BUCKET + offset * MICROSECOND,
    st.integers(-8, 8),
    st.integers(-2, 2),
)
anywhere = st.timedeltas(timedelta(days=-1), timedelta(days=1)).map(BASE.__add__)
moments = near_a_bucket | anywhere
bounds = st.none() | moments


def pieces(parts: Split) -> list[Span]:
    return [piece for piece in (parts.head, parts.whole, parts.tail) if piece is not None]


def holds(span: Span, moment: datetime) -> bool:
    return (span.start is None or span.start <= moment) and (span.end is None or moment < span.end)


@given(start=bounds, end=bounds, moment=moments)
def test_every_moment_is_in_as_many_pieces_as_in_the_range(
    start: datetime | None, end: datetime | None, moment: datetime
) -> None:
    span = Span(start, end)
    inside = sum(holds(piece, moment) for piece in pieces(split(span)))
    assert inside == holds(span, moment)


@given(start=bounds, end=bounds)
def test_pieces_follow_each_other_from_start_to_end(
    start: datetime | None, end: datetime | None
) -> None:
    if start and end and start > end:
        start, end = end, start
    found = pieces(split(Span(start, end)))
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(left.end == right.start for left, right in pairwise(found))


@given(start=bounds, end=bounds)
def test_whole_begins_and_ends_with_buckets_and_ends_are_shorter_than_one(
    start: datetime | None, end: datetime | None
) -> None:
    found = split(Span(start, end))
    if found.whole is None:
        return
    for limit in (found.whole.start, found.whole.end):
        assert limit is None or (limit - BASE) % BUCKET == timedelta()
    for ragged in (found.head, found.tail):
        assert ragged is None or ragged.end - ragged.start < BUCKET  # type: ignore[operator]


def test_unbounded_is_all_whole() -> None:
    assert split(Span(None, None)) == Split(None, Span(None, None), None)


def test_without_a_whole_bucket_all_is_head() -> None:
    span = Span(BASE + MICROSECOND, BASE + 2 * BUCKET - MICROSECOND)
    assert split(span) == Split(span, None, None)


def test_unsplit_has_no_whole() -> None:
    span = Span(BASE, BASE + BUCKET)
    assert unsplit(span) == Split(span, None, None)
