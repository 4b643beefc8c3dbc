"""What a profile makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class Minted:
    """Events as JSON, with what each one is: independent knowledge that the ledger counts by.

    `kinds` holds a code of `kinds.KINDS` (or `kinds.INVALID`) for each event; `amounts` holds the
    cents of those that are revenue, by index.
    """

    events: list[bytes]
    kinds: bytearray
    amounts: dict[int, int]


class Profile(Protocol):
    """A way of making events."""

    corrupts_last: float
    """The probability with which the last event of a request is corrupt."""

    def mint(self, moments: Sequence[bytes]) -> Minted:
        """Return one valid event for each moment (ISO-8601 with offset), in that order."""
