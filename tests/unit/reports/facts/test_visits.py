"""Users of any range, looked up in an index, are those that a naive count finds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.events.model import EVENT_TYPES
from shared.reports.facts.arrays import Array
from shared.reports.facts.catalog import Limits
from shared.reports.facts.chunks import TIME, Chunk, constant, levelled, new_chunk
from shared.reports.facts.classes import CLASSES, is_indexed
from shared.reports.facts.columns import Dictionaries
from shared.reports.facts.funnels import funnels
from shared.reports.facts.indexes import Indexes
from shared.reports.facts.lookups import looked_up, lookup
from shared.reports.facts.memory import View
from shared.reports.facts.repeats import Pairs, previous
from shared.reports.facts.visits import Index
from shared.reports.questions import Page, Question
from shared.reports.windows import EPOCH, Span

KNOWN = {source: [kind for kind in EVENT_TYPES if kind.source == source] for source in CLASSES}
END = 12
PAGE = Page(by="events", limit=10)


class Happening(NamedTuple):
    """An event; person 0 is nobody, an amount of -1 none."""

    time: int
    kind: int
    person: int
    amount: int


happenings = st.builds(
    Happening,
    st.integers(0, END - 1),
    st.integers(1, 7),
    st.integers(0, 9),
    st.integers(-1, 10**16),
)
segments = st.lists(st.lists(happenings, min_size=1, max_size=10), min_size=1, max_size=3)
fresh = st.booleans()


def chunk(source: str, first: int, made: Sequence[Sequence[Happening]]) -> Chunk:
    events = [each for segment in made for each in segment]
    kinds = np.array([each.kind for each in events], np.uint8)
    columns = {
        TIME: np.array([each.time for each in events], np.int64),
        "type_id": kinds + np.uint8(KNOWN[source][0].id - 1),
        "person": np.array([each.person for each in events], np.int32),
        "revenue": np.array([each.amount for each in events], np.int64),
    }
    ids = range(first, first + len(made))
    return new_chunk(ids, np.array([len(segment) for segment in made]), columns)


def assert_counts(source: str, index: Index, events: Sequence[Happening]) -> None:
    first = KNOWN[source][0].id - 1
    earning = [number for number, kind in enumerate(KNOWN[source], 1) if kind.has_revenue]
    for start in range(END):
        for end in range(start, END + 1):
            inside = [each for each in events if start <= each.time < end]
            totals, users = index.within(Limits(start, end))
            of_type = [[e for e in inside if e.kind == number] for number in range(1, 8)]
            paid = [[e.amount for e in inside if e.kind == n and n in earning and e.amount >= 0]
                    for n in range(1, 8)]  # fmt: skip
            assert totals.events.tolist() == [len(each) for each in of_type]
            assert totals.known.tolist() == [sum(e.person > 0 for e in each) for each in of_type]
            assert totals.transactions.tolist() == [len(each) for each in paid]
            sums = zip(totals.high.tolist(), totals.low.tolist(), strict=True)
            assert [(high << 26) + low for high, low in sums] == [sum(each) for each in paid]
            assert users.tolist() == [
                len({e.person for e in inside if e.person and e.kind + first in kinds})
                for kinds in CLASSES[source]
            ]


@given(
    st.sampled_from(sorted(CLASSES)),
    st.lists(st.tuples(segments, st.sets(st.integers(0, 20), max_size=3), fresh), max_size=5),
)
@settings(deadline=None)
def test_an_index_counts_as_chunks_come_merge_and_lose_segments(
    source: str, steps: list[tuple[list[list[Happening]], set[int], bool]]
) -> None:
    known: dict[int, list[Happening]] = {}
    index, chunks, number = Index(source), levelled([]), 0
    for drawn, gone, new_people in steps:
        shift = 10 * number if new_people else 0
        made = [[e._replace(person=e.person and e.person + shift) for e in s] for s in drawn]
        known |= dict(enumerate(made, number))
        added = chunk(source, number, made)
        number += len(made)
        chunks = levelled([*[each.without(gone) for each in chunks], added.without(gone)])
        known = {key: segment for key, segment in known.items() if key not in gone}
        index = index.only(chunks).of(chunks)
        assert_counts(source, index, [e for segment in known.values() for e in segment])


def test_chunks_that_lie_across_each_other() -> None:
    """A user of a large chunk comes between, in a small one, and others stay as they are."""
    large = [Happening(at % END, 1 + at % 7, at % 5, at) for at in range(60)]
    small = [Happening(at, 1 + at, (1 + at) % 7, 5) for at in range(7)]
    chunks = (chunk("facebook", 0, [large]), chunk("facebook", 1, [small]))
    alone = Index("facebook").of(chunks[:1])
    assert_counts("facebook", alone, large)
    assert_counts("facebook", alone.of(chunks), large + small)
    assert_counts("facebook", alone.of(chunks).only(chunks[1:]).of(chunks[1:]), small)
    assert_counts("facebook", alone.of(chunks).of(chunks[::-1]), large + small)


def test_what_is_known_is_taken_over() -> None:
    chunks = tuple(
        chunk("tiktok", at, [[Happening(at, 1, at % 3, -1)] * size])
        for at, size in enumerate((30, 6, 1))
    )
    index = Index("tiktok").of(chunks)
    changed = (*chunks[:2], chunk("tiktok", 9, [[Happening(3, 2, 1, 4)]]))
    further = index.only(changed).of(changed)
    kept = [part is other for part, other in zip(index._parts, further._parts, strict=True)]
    assert kept == [True, True, False]
    more = chunks[0].adding({"tag": np.zeros(30)})
    assert index.of([more])._parts[0].own is index._parts[0].own


@given(
    st.integers(0, 2**32), st.integers(1, 70_000), st.sampled_from([3, 1_000, 60_000]),
    st.lists(st.tuples(st.integers(0, 70_000), st.integers(0, 70_000)), min_size=1, max_size=9),
)  # fmt: skip
@example(1, 70_000, 1_000, [(100, 50_000), (10_000, 69_000), (20_000, 60_000), (40_000, 41_000)])
@settings(max_examples=25, deadline=None)
def test_pairs_within_a_range(
    seed: int, size: int, persons: int, spans: list[tuple[int, int]]
) -> None:
    keys = np.random.default_rng(seed).integers(0, persons, size)
    before = previous(keys, persons.bit_length())
    last: dict[int, int] = {}
    for place, key in enumerate(keys.tolist()):
        assert before[place] == last.get(key, -1)
        last[key] = place
    assert (previous(keys, 64) == before).all()
    later = np.flatnonzero(before >= 0)
    earlier = before[later]
    pairs = Pairs(later.astype(np.int32), earlier)
    for start, end in (sorted(span) for span in spans):
        inside = keys[start:end]
        assert inside.size - pairs.within(start, end) == np.unique(inside).size


def test_totals_of_ranges_across_blocks() -> None:
    rng = np.random.default_rng(7)
    size = 30_000
    columns: dict[str, Array] = {
        TIME: np.sort(rng.integers(0, 10**6, size)),
        "type_id": rng.integers(1, 8, size).astype(np.uint8),
        "person": rng.integers(0, 5_000, size).astype(np.int32),
        "revenue": rng.integers(-1, 10**16, size),
    }
    index = Index("facebook").of([new_chunk([1], np.array([size]), columns)])
    for start, end in ((0, 10**6), (1, 999_999), (400_000, 400_100), (5, 5), (250_000, 900_000)):
        rows = (columns[TIME] >= start) & (columns[TIME] < end)
        totals, users = index.within(Limits(start, end))
        types = columns["type_id"][rows]
        assert totals.events.tolist() == np.bincount(types, minlength=8)[1:].tolist()
        amounts = columns["revenue"][rows & (columns["type_id"] == 7)]
        paid = amounts[amounts >= 0].tolist()
        assert totals.transactions[6] == len(paid)
        assert (int(totals.high[6]) << 26) + int(totals.low[6]) == sum(paid)
        people = np.unique(columns["person"][rows])
        assert users[-1] == np.count_nonzero(people)


def paid(source: str, made: list[list[Happening]]) -> list[list[Happening]]:
    """Leave amounts to the types that have them."""
    earning = [number for number, kind in enumerate(KNOWN[source], 1) if kind.has_revenue]
    return [[e if e.kind in earning else e._replace(amount=-1) for e in s] for s in made]


def question(
    types: Sequence[int], span: Span, starts: Sequence[datetime] = (), *group_by: str
) -> Question:
    kinds = tuple(kind for kind in EVENT_TYPES if kind.id in types)
    return Question(span=span, types=kinds, group_by=group_by, starts=tuple(starts))


def at(moment: int) -> datetime:
    return EPOCH + timedelta(microseconds=moment)


chosen_types = st.sampled_from(
    [
        range(1, 15),
        range(1, 8),
        [*range(1, 5), *range(8, 12)],
        [*range(5, 8), *range(12, 15)],
        [7, 13],
        [1, *range(5, 8), 9],
        [3],
        [4, 7, 8],
    ]
)


@given(
    st.lists(segments, max_size=3), st.lists(segments, max_size=3), chosen_types,
    st.tuples(st.integers(0, END), st.integers(0, END)), st.integers(1, 5), st.booleans(),
)  # fmt: skip
@settings(deadline=None)
def test_a_funnel_is_the_same_looked_up_and_scanned(
    facebook: list[list[list[Happening]]],
    tiktok: list[list[list[Happening]]],
    types: Sequence[int],
    limits: tuple[int, int],
    length: int,
    grouped: bool,  # noqa: FBT001 - hypothesis passes it by name
) -> None:
    first, end = sorted(limits)
    starts = [at(moment) for moment in range(max(0, first - length // 2), end, length)]
    chunks = {
        source: levelled(
            chunk(source, 100 * n, paid(source, made)) for n, made in enumerate(batches)
        )
        for source, batches in (("facebook", facebook), ("tiktok", tiktok))
        if any(kind.id in types for kind in KNOWN[source])
    }
    indexes = Indexes().of(chunks, 1 << 30)
    view = View(chunks, Dictionaries(), indexes)
    by = ("source",) if grouped else ()
    for intervals in ((), starts):
        asked = question(types, Span(at(first), at(end)), intervals, *by)
        if is_indexed(asked):
            assert lookup(view.indexes or {}, asked, PAGE) == funnels(view, asked, PAGE)


def test_which_questions_an_index_answers() -> None:
    span = Span(None, None)
    for types in (range(1, 15), range(8, 12), [7, 13], [1, 2, 3, 4, 12]):
        assert is_indexed(question(types, span))
    for types in ([1, 5], [1, 2, 3, 12]):
        assert not is_indexed(question(types, span))
    assert is_indexed(question(range(1, 15), span, (), "source"))
    assert not is_indexed(question(range(1, 15), span, (), "country"))


@pytest.mark.parametrize(("intervals", "looked"), [(0, True), (2, True), (20, False)])
def test_short_intervals_of_few_events_are_scanned(intervals: int, looked: bool) -> None:  # noqa: FBT001
    columns = {
        TIME: np.arange(50_000),
        "type_id": constant(1, "u1", 50_000),
        "person": np.arange(50_000, dtype=np.int32),
        "revenue": constant(-1, "i8", 50_000),
    }
    chunks = {"facebook": (new_chunk([1], np.array([50_000]), columns),)}
    view = View(chunks, Dictionaries(), Indexes().of(chunks, 1 << 30))
    starts = [at(1_000 * number) for number in range(intervals)]
    asked = question(range(1, 8), Span(at(0), at(60_000)), starts)
    assert (looked_up(view, asked, PAGE) is not None) == looked
    assert looked_up(View(chunks, Dictionaries()), asked, PAGE) is None


def test_an_index_that_does_not_fit_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Happening(at % END, 1 + at % 7, 1 + at % 5, at) for at in range(500)]
    chunks = {"facebook": (chunk("facebook", 0, [many]),)}
    indexes = Indexes()
    assert indexes.of(chunks, 1_000) is None
    assert indexes.nbytes == 0
    with monkeypatch.context() as patch:
        patch.setattr(Index, "of", lambda *_: pytest.fail("tried again"))
        assert indexes.of(chunks, 999) is None
    made = indexes.of(chunks, 1 << 20)
    assert made is not None
    assert indexes.nbytes == made["facebook"].nbytes > 1_000
    indexes.follow(chunks)
    assert indexes.nbytes
    indexes.follow({})
    assert indexes.nbytes == 0
