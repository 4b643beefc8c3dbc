"""Which columns facts are made of, what they take, and how they are read from segments."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate

import msgspec
import numpy as np
import zstandard

from shared.reports.facts.arrays import Array
from shared.reports.facts.chunks import TIME, constant, join
from shared.reports.facts.codes import Codes
from shared.reports.facts.texts import Texts
from shared.segments.columns import NUMBERS, TEXTS

PERSON = "person"

LACKING: Mapping[str, frozenset[str]] = {
    "facebook": frozenset({"followers", "watch_time", "percentage_watched", "item"}),
    "tiktok": frozenset({"age", "gender", "city", "campaign"}),
}
"""The columns that no event of a source has a value in."""

_CODE, _HASH, _TEXT = 4, 8, 16
_PLACE = 4
_SMALL = 1 << 16

_unpack = msgspec.msgpack.Decoder(tuple[bytes, bytes, bytes]).decode


def width(source: str, name: str) -> int:
    """Return how many bytes an event takes in a column, if its text or person is new.

    Texts are taken to be of a common length, and names of countries to be few.
    """
    if name in LACKING[source]:
        return 0
    if name == PERSON:
        return 2 * _CODE + _HASH
    if name in TEXTS:
        return _CODE if name == "country" else 2 * _CODE + 2 * _HASH + _TEXT
    return np.dtype(NUMBERS[name].dtype).itemsize + (_PLACE if name == TIME else 0)


class Dictionaries:
    """The codes that stand for persons, by source, and for texts, by column."""

    def __init__(self) -> None:
        self.persons = {source: Codes() for source in LACKING}
        self.texts = {name: Texts() for name in TEXTS}

    def only(self, columns: Mapping[str, Collection[str]]) -> "Dictionaries":
        """Return those that some columns, by source, need; the others begin anew."""
        needed = Dictionaries()
        for source, names in columns.items():
            if PERSON in names:
                needed.persons[source] = self.persons[source]
            needed.texts.update({name: self.texts[name] for name in TEXTS if name in names})
        return needed

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes."""
        persons = sum(codes.nbytes for codes in self.persons.values())
        return persons + sum(texts.nbytes for texts in self.texts.values())


class Reader:
    """Collects the columns of one source's segments, as they come, and makes arrays of them."""

    def __init__(self, source: str, names: Sequence[str], dictionaries: Dictionaries) -> None:
        self._source = source
        self._dictionaries = dictionaries
        self._numbers: dict[str, list[Array]] = {name: [] for name in names if name in NUMBERS}
        self._texts: dict[str, list[_Part]] = {name: [] for name in names if name in TEXTS}

    def add(self, events: int, contents: Mapping[str, bytes | None]) -> None:
        """Add a segment."""
        inflate = zstandard.ZstdDecompressor().decompress
        for name, numbers in self._numbers.items():
            content, kind = contents[name], NUMBERS[name]
            numbers.append(
                constant(kind.none, kind.dtype, events)
                if content is None
                else np.frombuffer(inflate(content), kind.dtype)
            )
        for name, parts in self._texts.items():
            content = contents[name]
            if content is None:
                parts.append(_Part(constant(0, "<u4", events), _NO_HASHES, b""))
            else:
                codes, hashes, texts = _unpack(inflate(content))
                parts.append(
                    _Part(np.frombuffer(codes, "<u4"), np.frombuffer(hashes, "<u8"), texts)
                )

    def columns(self) -> Iterator[tuple[str, Array]]:
        """Yield each column by its name; what it was made of is forgotten then."""
        for name in list(self._numbers):
            column = join(self._numbers.pop(name))
            if name == PERSON:
                column, _ = self._dictionaries.persons[self._source].assign(column)
            yield name, column
        for name in list(self._texts):
            yield name, _coded(self._texts.pop(name), self._dictionaries.texts[name], name)


class _Part(msgspec.Struct, frozen=True):
    """A column of texts of one segment, as shared.segments.columns has it."""

    codes: Array
    hashes: Array
    texts: bytes


_NO_HASHES = np.zeros(0, np.uint64)


def _coded(parts: Sequence[_Part], texts: Texts, name: str) -> Array:
    """Return a column's codes: those of the segments', counted on, become those of all texts."""
    filled = [part for part in parts if part.hashes.size]
    if not filled:
        return constant(0, "<u2", sum(part.codes.size for part in parts))
    joined = b"\0".join([part.texts for part in filled])
    entries = texts.assign(
        np.concatenate([part.hashes for part in filled]), joined, TEXTS[name].parts
    )
    known = np.concatenate([np.zeros(1, np.int32), entries])
    if texts.codes.count < _SMALL:
        known = known.astype(np.uint16)
    before = accumulate((part.hashes.size for part in parts), initial=0)
    return np.concatenate(
        [
            known[np.where(part.codes == 0, np.uint32(0), part.codes + np.uint32(base))]
            for part, base in zip(parts, before, strict=False)
        ]
    )
