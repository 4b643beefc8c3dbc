"""What is done to segments afterwards: one is made of several, and a person is taken out."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from shared.segments.columns import COLUMNS, NUMBERS, Values

PERSONAL: Final = (
    "person", "age", "gender", "device", "followers", "country", "city",
)  # fmt: skip
"""What an event has not any more when its person is erased, as with the columns of its row."""


def concatenate(parts: Sequence[Mapping[str, Values]]) -> dict[str, Values]:
    """Return the events of several segments, each as decode() returns it, one after the other."""
    joined: dict[str, Values] = {}
    for name in COLUMNS:
        if not any(name in part for part in parts):
            continue
        values: Any = array(NUMBERS[name].typecode) if name in NUMBERS else []
        for part in parts:
            values.extend(part[name] if name in part else nothing(name, events_of(part)))
        joined[name] = values
    return joined


def events_of(values: Mapping[str, Values]) -> int:
    """Return how many events there are."""
    return len(values["occurred_at"])


def nothing(name: str, events: int) -> Values:
    """Return a column of which none of the events has the value."""
    if name in NUMBERS:
        numbers = NUMBERS[name]
        return array(numbers.typecode, [numbers.none]) * events
    return [None] * events


def without_persons(values: Mapping[str, Values], positions: Collection[int]) -> dict[str, Values]:
    """Return a segment's events, those at some positions without their persons."""
    changed = dict(values)
    for name in PERSONAL:
        if name in changed:
            column: Any = changed[name][:]
            none = NUMBERS[name].none if name in NUMBERS else None
            for position in positions:
                column[position] = none
            changed[name] = column
    return changed
