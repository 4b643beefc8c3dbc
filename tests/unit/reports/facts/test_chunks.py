from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reports.facts.catalog import Catalog, Entry, Limits
from shared.reports.facts.chunks import TIME, Chunk, constant, levelled, new_chunk

segments = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=8)


def chunk(first: int, made: list[list[int]]) -> Chunk:
    ids = range(first, first + len(made))
    times = [time for segment in made for time in segment]
    tags = [
        key * 100 + at for key, segment in zip(ids, made, strict=True) for at in range(len(segment))
    ]
    columns = {TIME: np.array(times), "tag": np.array(tags), "none": constant(-1, "i2", len(times))}
    return new_chunk(ids, np.array([len(segment) for segment in made]), columns)


def rows(chunks: Sequence[Chunk]) -> list[tuple[int, ...]]:
    for each in chunks:
        assert (np.diff(each.columns[TIME]) >= 0).all()
        assert each.columns["none"].tolist() == [-1] * each.rows
        assert each.sizes.sum() == each.rows
    return sorted(
        (int(time), int(tag))
        for each in chunks
        for time, tag in zip(each.columns[TIME], each.columns["tag"], strict=True)
    )


def expected(made: dict[int, list[int]]) -> list[tuple[int, ...]]:
    return sorted(
        (time, key * 100 + at) for key, segment in made.items() for at, time in enumerate(segment)
    )


@given(st.lists(segments, min_size=1, max_size=5), st.sets(st.integers(0, 40)))
@settings(deadline=None)
def test_merged_and_thinned_out_chunks_have_the_rows_of_their_segments(
    batches: list[list[list[int]]], gone: set[int]
) -> None:
    known: dict[int, list[int]] = {}
    chunks: tuple[Chunk, ...] = ()
    for made in batches:
        first = len(known)
        known |= dict(enumerate(made, first))
        chunks = levelled([*chunks, chunk(first, made)])
        assert rows(chunks) == expected(known)
    kept = [each.without(gone) for each in chunks]
    left = {key: segment for key, segment in known.items() if key not in gone}
    assert rows(kept) == expected(left)
    for each in kept:
        later = {"tag2": np.concatenate([[0], *(_tags(left, key) for key in each.ids)])[1:]}
        added = each.adding(later)
        assert added.columns["tag2"].tolist() == added.columns["tag"].tolist()


def _tags(known: dict[int, list[int]], key: int) -> list[int]:
    return [key * 100 + at for at in range(len(known[key]))]


def test_many_small_chunks_become_few() -> None:
    chunks: tuple[Chunk, ...] = ()
    for number in range(300):
        chunks = levelled([*chunks, chunk(number, [[number % 10]])])
    assert len(chunks) <= 5
    assert chunks[0].nbytes == chunks[0].rows * (4 + 8 + 8)


@given(segments, st.integers(-1, 10), st.integers(-1, 10))
@settings(deadline=None)
def test_the_rows_of_a_range(made: list[list[int]], first: int, end: int) -> None:
    whole = chunk(0, made)
    found = whole.columns[TIME][whole.span(Limits(first, end))].tolist()
    assert found == sorted(time for segment in made for time in segment if first <= time < end)


def test_a_catalog_finds_what_touches_a_range_in_the_order_of_time() -> None:
    entries = {
        key: Entry(key, key, 1, source, first, last, 1)
        for key, source, first, last in (
            (1, "facebook", 20, 30),
            (2, "tiktok", 0, 99),
            (3, "facebook", 10, 19),
            (4, "facebook", 5, 9),
        )
    }
    catalog = Catalog(entries=entries)
    found = catalog.within(Limits(10, 21), ["facebook"])
    assert [entry.id for entry in found] == [3, 1]
    assert [e.id for e in catalog.within(Limits(10, 20), ["facebook"])] == [3]
