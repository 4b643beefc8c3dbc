"""Reads a segment's columns back, for those that change segments; reports have NumPy for it."""

import sys
from array import array
from collections.abc import Mapping
from typing import Any

import msgspec
import zstandard

from shared.segments.columns import NUMBERS, TEXTS, Values

_unpack = msgspec.msgpack.Decoder(tuple[bytes, bytes, bytes]).decode


def decode(columns: Mapping[str, bytes | None]) -> dict[str, Values]:
    """Return those of some columns that are not null."""
    inflate = zstandard.ZstdDecompressor().decompress
    return {
        name: _numbers(inflate(content), NUMBERS[name].typecode)
        if name in NUMBERS
        else _texts(inflate(content), TEXTS[name].parts)
        for name, content in columns.items()
        if content is not None
    }


def _numbers(content: bytes, typecode: str) -> "array[int] | array[float]":
    numbers: array[int] = array(typecode)
    numbers.frombytes(content)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _texts(content: bytes, parts: int) -> list[Any]:
    codes, _, texts = _unpack(content)
    pieces = texts.decode().split("\0")
    entries: list[Any] = [None]
    entries += pieces if parts == 1 else zip(*[iter(pieces)] * parts, strict=True)
    return [entries[code] for code in _numbers(codes, "I")]  # type: ignore[index]  # integers
