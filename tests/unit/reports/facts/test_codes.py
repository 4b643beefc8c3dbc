import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.reports.facts.arrays import smallest
from shared.reports.facts.codes import Codes
from shared.reports.facts.texts import Texts
from shared.segments.hashing import text_hash

hashes = st.integers(0, 30) | st.integers(2**63 - 2, 2**64 - 1)
words = st.text(st.sampled_from("abß日\U0001f4a5"), max_size=20)


@given(st.lists(st.lists(hashes, max_size=40), max_size=12))
@settings(deadline=None)
def test_codes_count_hashes_in_the_order_in_which_they_come(batches: list[list[int]]) -> None:
    codes = Codes()
    expected: dict[int, int] = {0: 0}
    for batch in batches:
        before = len(expected)
        fresh = []
        for place, number in enumerate(batch):
            if number not in expected:
                expected[number] = len(expected)
                fresh.append(place)
        found, begins = codes.assign(np.array(batch, np.uint64))
        assert found.tolist() == [expected[number] for number in batch]
        assert np.flatnonzero(begins).tolist() == fresh
        assert len(expected) - before == len(fresh)
    assert codes.count == len(expected) - 1
    everything = np.array([*expected, 77, 2**62], np.uint64)
    assert codes.find(everything).tolist() == [*expected.values(), 0, 0]
    assert codes.hashes().tolist() == list(expected)


def test_many_small_batches_leave_few_levels() -> None:
    codes = Codes()
    for number in range(1, 2_000):
        codes.assign(np.array([number * 7919 % 2**61], np.uint64))
    assert len(codes._levels) <= 11
    assert codes.nbytes == 1_999 * 12


def entries(texts: list[tuple[str, ...]]) -> tuple[np.ndarray, bytes]:
    found = np.array([text_hash("\0".join(parts)) for parts in texts], np.uint64)
    return found, "\0".join(part for parts in texts for part in parts).encode()


@given(st.lists(st.lists(st.tuples(words, words), min_size=1, max_size=10), max_size=8))
@settings(deadline=None)
def test_texts_are_kept_once(batches: list[list[tuple[str, str]]]) -> None:
    texts = Texts()
    for batch in batches:
        codes = texts.assign(*entries(batch), 2)  # type: ignore[arg-type]  # pairs are tuples
        assert [texts.text(code) for code in codes.tolist()] == ["\0".join(e) for e in batch]
    assert texts.codes.count == len({entry for batch in batches for entry in batch})


@given(st.lists(words, unique=True, min_size=1), st.integers(0, 12))
@settings(deadline=None)
def test_the_first_texts_in_the_order_of_their_bytes(known: list[str], count: int) -> None:
    texts = Texts()
    for each in known:
        texts.assign(*entries([(each,)]), 1)
    depths = range(-(-texts.longest() // 8))
    by_text = [lambda codes, depth=depth: texts.prefixes(codes, depth) for depth in depths]
    found = smallest(count, np.arange(1, len(known) + 1), by_text)
    expected = sorted(known, key=str.encode)[:count]
    assert [texts.text(code) for code in found.tolist()] == expected


@given(st.lists(words, unique=True, min_size=1), st.none() | words)
@settings(deadline=None)
def test_ranks_are_in_the_order_of_texts(known: list[str], value: str | None) -> None:
    texts = Texts()
    codes = texts.assign(*entries([(each,) for each in known]), 1)
    named = dict(zip([0, *codes.tolist()], [None, *known], strict=True))
    ranks, rank = texts.ranks(np.array(list(named)), value)

    def order(text: str | None) -> tuple[bool, str]:
        return text is not None, text or ""

    for code, own in zip(named, ranks.tolist(), strict=True):
        assert (own > rank) == (order(named[code]) > order(value))
        assert (own == rank) == (named[code] == value)
        for other, others in zip(named, ranks.tolist(), strict=True):
            assert (own < others) == (order(named[code]) < order(named[other]))


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3)), max_size=60), st.integers(0, 20))
@settings(deadline=None)
def test_the_smallest_by_several_keys(pairs: list[tuple[int, int]], count: int) -> None:
    columns = [np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1)]
    unique = np.arange(len(pairs))
    keys = [*columns, unique]
    found = smallest(count, unique, [key.__getitem__ for key in keys])
    expected = sorted(range(len(pairs)), key=lambda at: (*pairs[at], at))[:count]
    assert found.tolist() == expected
