"""Segments that are joined or lose a person are otherwise as they were."""

from array import array
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from unit.segments.test_encoding import plain, segments

from shared.segments.changing import PERSONAL, concatenate, events_of, nothing, without_persons
from shared.segments.columns import COLUMNS, Values
from shared.segments.decoding import decode
from shared.segments.encoding import encode


def entries(values: Mapping[str, Values]) -> list[tuple[object, ...]]:
    """Return events, whichever columns are left out."""
    size = events_of(values)
    columns = [plain(values[name] if name in values else nothing(name, size)) for name in COLUMNS]
    return list(zip(*columns, strict=True))


@given(st.lists(segments(), min_size=1, max_size=4))
def test_what_is_merged_is_what_was_there_in_order(parts: list[dict[str, Values]]) -> None:
    stored = [decode(encode(part).columns) for part in parts]
    merged = encode(concatenate(stored))
    assert entries(decode(merged.columns)) == [event for part in parts for event in entries(part)]
    assert merged.events == sum(map(events_of, parts))
    assert merged.first == min(min(part["occurred_at"]) for part in parts)
    assert merged.last == max(max(part["occurred_at"]) for part in parts)


@given(segments(), st.data())
def test_who_is_taken_out_leaves_what_is_counted(
    values: dict[str, Values], data: st.DataObject
) -> None:
    size = events_of(values)
    positions = data.draw(st.sets(st.integers(0, size - 1)))
    before = entries(values)
    after = entries(decode(encode(without_persons(values, positions)).columns))
    anonymous = dict(zip(COLUMNS, entries({"occurred_at": array("q", [0])})[0], strict=True))
    assert entries(values) == before
    for position, (was, now) in enumerate(zip(before, after, strict=True)):
        for name, old, new in zip(COLUMNS, was, now, strict=True):
            gone = position in positions and name in PERSONAL
            assert new == (anonymous[name] if gone else old)
