"""Writes a segment's columns, without NumPy: collectors are small and start fast."""

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from typing import Any, Final, NamedTuple

import msgspec
import zstandard
from xxhash import xxh3_64_digest

from shared.segments.columns import NUMBERS, TEXTS, Numbers, Values

_LEVEL: Final = 1
_REQUIRED: Final = frozenset({"occurred_at", "type_id", "stream_sequence", "stream_position"})
_pack = msgspec.msgpack.Encoder().encode


class Segment(NamedTuple):
    """Columns as the table has them, and what the table says of them.

    `first` and `last` are the least and the greatest time of its events.
    """

    first: int
    last: int
    events: int
    columns: Mapping[str, bytes | None]


def encode(values: Mapping[str, Values]) -> Segment:
    """Return the segment of some events, at least one; a column that is left out has no values."""
    # One for each call: two threads must not share it.
    compress = zstandard.ZstdCompressor(level=_LEVEL).compress
    columns: dict[str, bytes | None] = dict.fromkeys((*NUMBERS, *TEXTS))
    for name, found in values.items():
        if isinstance(found, array):
            content = _numbers(found, None if name in _REQUIRED else NUMBERS[name])
        else:
            content = _texts(found)
        columns[name] = None if content is None else compress(content)
    times = values["occurred_at"]
    return Segment(min(times), max(times), len(times), columns)


def text_hashes(texts: Iterable[str]) -> "array[int]":
    """Return text_hash() of each text."""
    digests = b"".join(map(xxh3_64_digest, map(str.encode, texts)))
    # The digest is the number's big-endian form (https://github.com/ifduyue/python-xxhash).
    hashes = array("Q", digests)
    if sys.byteorder == "little":
        hashes.byteswap()
    # Looked for among the bytes, where it is found in no time: most often there is none.
    if bytes(8) in digests:
        return array("Q", [number or 1 for number in hashes])
    return hashes


def little_endian(numbers: "array[int] | array[float]") -> bytes:
    """Return numbers as a column holds them."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(values: "array[int] | array[float]", optional: Numbers | None) -> bytes | None:
    """Return the column's content; None if it is optional and every value is none."""
    if optional is not None and _all_none(values, optional.none):
        return None
    return little_endian(values)


def _all_none(values: "array[int] | array[float]", none: float) -> bool:
    if none != none:  # noqa: PLR0124 - NaN is all that differs from itself
        return all(value != value for value in values)  # noqa: PLR0124 - likewise
    return all(value == none for value in values)


def _texts(values: Sequence[str | None] | Sequence[tuple[str, str] | None]) -> bytes | None:
    # One pass in C: an entry that is new gets the next number.
    numbers: defaultdict[Any, int] = defaultdict(count(1).__next__, {None: 0})
    codes = array("I", map(numbers.__getitem__, values))
    del numbers[None]
    if not numbers:
        return None
    texts = hashed = list(numbers)
    if isinstance(texts[0], tuple):
        hashed = [f"{country}\0{city}" for city, country in numbers]
        texts = list(chain.from_iterable(numbers))
    hashes = little_endian(text_hashes(hashed))
    return _pack((little_endian(codes), hashes, "\0".join(texts).encode()))
