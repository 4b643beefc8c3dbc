"""What is encoded can be read back, by Python and by NumPy alike."""

import math
from array import array
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shared.segments.columns import COLUMNS, NO_CODE, NUMBERS, TEXTS, Values
from shared.segments.decoding import decode
from shared.segments.encoding import encode, text_hashes
from shared.segments.hashing import text_hash

REQUIRED = {"occurred_at", "type_id", "stream_sequence", "stream_position"}
SIGNED = {"<i8": (-(2**63), 2**63 - 1), "<i4": (-(2**31), 2**31 - 1), "<i2": (-1, 2**15 - 1)}
UNSIGNED = {"<u1": (0, 255), "<u8": (0, 2**64 - 1)}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)


def numbers(name: str) -> st.SearchStrategy[float]:
    dtype = NUMBERS[name].dtype
    if dtype == "<f8":
        return st.floats(allow_nan=False) | st.just(math.nan)
    return st.integers(*{**SIGNED, **UNSIGNED}[dtype])


def texts(name: str) -> st.SearchStrategy[object]:
    return TEXT if TEXTS[name].parts == 1 else st.tuples(TEXT, TEXT)


@st.composite
def segments(draw: st.DrawFn) -> dict[str, Values]:
    size = draw(st.integers(1, 20))
    values: dict[str, Values] = {}
    for name in COLUMNS:
        if name not in REQUIRED and draw(st.booleans()):
            continue
        if name in NUMBERS:
            found = draw(st.lists(numbers(name), min_size=size, max_size=size))
            values[name] = array(NUMBERS[name].typecode, found)
        else:
            entry = st.none() | texts(name)
            values[name] = draw(st.lists(entry, min_size=size, max_size=size))
    return values


def plain(values: Values) -> list[object]:
    """Return values that can be compared: NaN as text."""
    return [str(value) if value != value else value for value in values]  # noqa: PLR0124 - NaN


def is_none(name: str, value: object) -> bool:
    none = NUMBERS[name].none if name in NUMBERS else None
    return value == none or (value != value and none != none)  # noqa: PLR0124 - NaN


@given(segments())
def test_what_is_encoded_is_decoded(values: dict[str, Values]) -> None:
    segment = encode(values)
    found = decode(segment.columns)
    assert tuple(segment.columns) == COLUMNS
    assert segment.events == len(values["occurred_at"])
    assert segment.first == min(plain(values["occurred_at"]))  # type: ignore[type-var]  # numbers
    assert segment.last == max(plain(values["occurred_at"]))  # type: ignore[type-var]  # likewise
    for name in COLUMNS:
        given_values = values.get(name, [])
        empty = name not in REQUIRED and all(is_none(name, value) for value in given_values)
        assert (name not in found) == empty
        if not empty:
            assert plain(found[name]) == plain(given_values)


@given(segments())
def test_numpy_reads_the_same(values: dict[str, Values]) -> None:
    columns = encode(values).columns
    for name, content in columns.items():
        if content is None:
            continue
        inflated = zstandard.decompress(content)
        if name in NUMBERS:
            found = np.frombuffer(inflated, NUMBERS[name].dtype).tolist()
            assert plain(found) == plain(values[name])
        else:
            assert from_codes(inflated, TEXTS[name].parts) == values[name]


def from_codes(inflated: bytes, parts: int) -> Sequence[object]:
    codes, hashes, joined = msgspec.msgpack.decode(inflated)
    pieces = joined.decode().split("\0")
    assert len(pieces) == parts * len(hashes) // 8
    entries = [pieces[start : start + parts] for start in range(0, len(pieces), parts)]
    wanted = [text_hash("\0".join(reversed(entry))) for entry in entries]
    assert np.frombuffer(hashes, "<u8").tolist() == wanted
    assert len(set(map(tuple, entries))) == len(entries)
    found = [entry[0] if parts == 1 else tuple(entry) for entry in entries]
    return [found[code - 1] if code else None for code in np.frombuffer(codes, "<u4").tolist()]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_hashes_of_many_are_those_of_each(given_texts: list[str]) -> None:
    assert list(text_hashes(given_texts)) == [text_hash(text) for text in given_texts]


def test_no_text_has_the_hash_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.segments.encoding.xxh3_64_digest", lambda _: bytes(8))
    assert list(text_hashes(["a", "b"])) == [1, 1]


def test_what_nobody_has_takes_no_space() -> None:
    required = {name: array(NUMBERS[name].typecode, [7, 7]) for name in REQUIRED}
    segment = encode(
        {
            **required,
            "gender": array("B", [NO_CODE, NO_CODE]),
            "watch_time": array("d", [math.nan, math.nan]),
            "city": [None, None],
        }
    )
    assert {name for name, content in segment.columns.items() if content} == REQUIRED
