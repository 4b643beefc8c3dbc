"""Writes a segment's columns, without NumPy: collectors are small and start fast."""

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

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
            content = _texts(found, TEXTS[name].parts)
        columns[name] = None if content is None else compress(content)
    times = values["occurred_at"]
    return Segment(min(times), max(times), len(times), columns)


def text_hashes(texts: Iterable[str]) -> "array[int]":
    """Return text_hash() of each text."""
    # The digest is the number's big-endian form (https://github.com/ifduyue/python-xxhash).
    hashes = array("Q", b"".join(map(xxh3_64_digest, map(str.encode, texts))))
    if sys.byteorder == "little":
        hashes.byteswap()
    if 0 in hashes:
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


def _texts(values: Sequence[str | None], parts: int) -> bytes | None:
    # One pass in C: a text that is new gets the next number.
    numbers: defaultdict[str | None, int] = defaultdict(count(1).__next__, {None: 0})
    codes = array("I", map(numbers.__getitem__, values))
    del numbers[None]
    if not numbers:
        return None
    texts: list[str] = list(numbers)  # type: ignore[arg-type]  # None is not among them
    hashes = text_hashes(texts if parts == 1 else _countries_first(texts))
    return _pack((little_endian(codes), little_endian(hashes), "\0".join(texts).encode()))


def _countries_first(cities: Iterable[str]) -> list[str]:
    return [
        f"{country}\0{city}" for city, _, country in [entry.partition("\0") for entry in cities]
    ]
