"""What events can be grouped by, as small numbers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np

from shared.events.model import EVENT_TYPES, EventType
from shared.reports.facts.arrays import Array
from shared.reports.facts.chunks import constant
from shared.reports.facts.columns import Dictionaries
from shared.reports.facts.rows import Rows
from shared.reports.facts.texts import Texts
from shared.reports.questions import NUMEROUS
from shared.segments.columns import DEVICES
from shared.segments.hashing import text_hash

COLUMN_OF: Final = {"country": "country", "campaignId": "campaign", "purchasedItem": "item"}
"""The columns of texts, by the wire's names."""

_KINDS: Final = {"source": "source", "funnelStage": "funnel_stage", "eventType": "name"}


class Dimension(ABC):
    """One of the values that a group has; `size` is how many codes there are."""

    size: int

    @abstractmethod
    def codes(self, rows: Rows) -> Array:
        """Return the value of each row, as a code."""

    @abstractmethod
    def text(self, code: int) -> str | None:
        """Return the value that a code stands for."""

    @abstractmethod
    def ranks(self, codes: Array, value: str | None) -> tuple[Array, int]:
        """Return numbers in the order of rank() for some codes, and that of a value."""


class _Listed(Dimension):
    """Values of which there are few, coded in their order by a table; None is the first."""

    def __init__(self, column: str, values: Sequence[str | None]) -> None:
        """Take the value of each number that stands in the column."""
        self._values = sorted(set(values), key=lambda value: (value is not None, value or ""))
        self._column = column
        self._table = np.array([self._values.index(value) for value in values], np.uint8)
        self.size = len(self._values)

    def codes(self, rows: Rows) -> Array:
        found: Array = self._table[rows[self._column]]
        return found

    def text(self, code: int) -> str | None:
        return self._values[code]

    def ranks(self, codes: Array, value: str | None) -> tuple[Array, int]:
        below = sum(
            (each is not None, each or "") < (value is not None, value or "")
            for each in self._values
        )
        return codes * np.int64(2), 2 * below - (value not in self._values)


class _Source(_Listed):
    """Where events come from: the same for all rows."""

    def codes(self, rows: Rows) -> Array:
        return constant(self._values.index(rows.source), "u1", rows.size)


class _Named(Dimension):
    """Texts in the order of their characters."""

    def __init__(self, column: str, texts: Texts) -> None:
        self._column = column
        self._texts = texts
        self.size = texts.codes.count + 1

    def codes(self, rows: Rows) -> Array:
        return rows[self._column]

    def text(self, code: int) -> str | None:
        return self._texts.text(code) if code else None

    def ranks(self, codes: Array, value: str | None) -> tuple[Array, int]:
        return self._texts.ranks(codes, value)


class _Hashed(_Named):
    """Texts in the order of their hashes."""

    def ranks(self, codes: Array, value: str | None) -> tuple[Array, int]:
        return self._texts.codes.hashes()[codes], 0 if value is None else text_hash(value)


def dimension(name: str, types: Sequence[EventType], dictionaries: Dictionaries) -> Dimension:
    """Return a dimension by its name on the wire; the events are of some types."""
    if name in _KINDS:
        known = {kind.id: getattr(kind, _KINDS[name]) for kind in types}
        other = next(iter(known.values()), None)
        last = EVENT_TYPES[-1].id
        listed = _Source if name == "source" else _Listed
        return listed("type_id", [known.get(number, other) for number in range(last + 1)])
    if name == "device":
        nothing = [None] * (256 - len(DEVICES))
        return _Listed("device", [*DEVICES, *nothing])
    kind = _Hashed if name in NUMEROUS else _Named
    return kind(COLUMN_OF[name], dictionaries.texts[COLUMN_OF[name]])
