"""What a reconciliation finds, in the shape that `--json` prints."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec


class Balance(msgspec.Struct, rename="camel"):
    """A source's account: accepted = stored + duplicates + dead_lettered + pending + unaccounted.

    All are events. `unaccounted` are lost, and 0 in an account that holds. `rows` are there,
    `expired` ones were. `in_segments` are those that are in segments too.
    """

    source: str
    accepted: int = 0
    stored: int = 0
    duplicates: int = 0
    dead_lettered: int = 0
    pending: int = 0
    unaccounted: int = 0
    rows: int = 0
    expired: int = 0
    rolled_up: int = 0
    in_segments: int = 0
    revenue: Decimal = Decimal(0)


class Difference(msgspec.Struct, rename="camel", frozen=True):
    """Something that does not hold; `examples` name messages (`EVENTS:42`) or rollup groups."""

    source: str
    check: str
    expected: str
    found: str
    explanation: str
    examples: Sequence[str] = ()


class Reconciliation(msgspec.Struct, rename="camel"):
    """The accounts, what does not hold in them, and what the records cannot tell."""

    sources: Sequence[Balance]
    differences: Sequence[Difference]
    notes: Sequence[str] = ()
    holds: bool = False
    seconds: float = 0.0
