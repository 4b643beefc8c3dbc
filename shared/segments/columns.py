"""What a segment's columns hold: the contract between those who write segments and who read them.

A column has an entry for each event, in the same order as all others, and is compressed by zstd.
Numbers are little-endian. Texts are msgpack (https://github.com/msgpack/msgpack, spec.md) of an
array of three byte strings: codes, uint32 for each event, 0 for none and n for entry n-1; hashes,
uint64 for each entry; and the entries' texts, UTF-8, one NUL between two of them.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

GENDERS: Final = ("male", "female", "non-binary")
DEVICES: Final = ("mobile", "desktop", "Android", "iOS", "Desktop")
NO_CODE: Final = 255
"""Stands for none among genders and devices, which are indexes in the above."""


class Numbers(NamedTuple):
    """How numbers are written: `dtype` is NumPy's name, `typecode` that of array.array.

    `none` stands for an event's lack of the value.
    """

    dtype: str
    typecode: str
    none: float


class Texts(NamedTuple):
    """How texts are written: an entry is this many parts, a NUL between two of them."""

    parts: int = 1


NUMBERS: Final[Mapping[str, Numbers]] = MappingProxyType(
    {
        "occurred_at": Numbers("<i8", "q", 0),
        "type_id": Numbers("<u1", "B", 0),
        "person": Numbers("<u8", "Q", 0),
        "age": Numbers("<i2", "h", -1),
        "gender": Numbers("<u1", "B", NO_CODE),
        "device": Numbers("<u1", "B", NO_CODE),
        "followers": Numbers("<i8", "q", -1),
        "watch_time": Numbers("<f8", "d", math.nan),
        "percentage_watched": Numbers("<f8", "d", math.nan),
        "revenue": Numbers("<i8", "q", -1),
        "stream_sequence": Numbers("<i8", "q", 0),
        "stream_position": Numbers("<i4", "i", 0),
    }
)
"""Microseconds since 2000-01-01 UTC; ids of event types; text_hash() of user ids, 0 for none and
for persons who were erased; years; codes; people; seconds; percent; ten-thousandths; and where in
the stream the event came from, by which it is known when its person is erased."""

TEXTS: Final[Mapping[str, Texts]] = MappingProxyType(
    {
        "country": Texts(),
        "city": Texts(parts=2),
        "campaign": Texts(),
        "item": Texts(),
    }
)
"""Hashes are text_hash() of the entry, but of a city, whose entry is the city and its country, that
of the country, NUL and the city."""

COLUMNS: Final = (*NUMBERS, *TEXTS)
"""All of them, as the table `segments` names them."""

Values = Sequence[Any]
"""A column as it is worked with: an array of its typecode, or a list of texts, where there are two
parts of pairs, with None where there is none."""
