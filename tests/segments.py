"""What segments hold of each event, and what they have to, told by the rows."""

import json
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import compress
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from shared.segments.columns import COLUMNS, DEVICES, GENDERS, NUMBERS, Values
from shared.segments.decoding import decode
from shared.segments.encoding import encode
from shared.segments.hashing import text_hash
from shared.store.queries import query

EPOCH = datetime.fromisoformat("2000-01-01T00:00:00Z")


class Entry(NamedTuple):
    """An event as reports see it; without its person if they were erased."""

    source: str
    occurred_at: datetime
    type_id: int
    sequence: int
    position: int
    revenue: Decimal | None
    person: int
    facts: tuple[object, ...]


def segment_entries(url: str) -> "Counter[Entry]":
    """Return what is in segments, how often; what the table says of a segment is checked."""
    found: Counter[Entry] = Counter()
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for segment in connection.execute("select * from segments"):
            entries = list(_entries(segment))
            assert segment["events"] == len(entries)
            assert segment["first_at"] == min(entry.occurred_at for entry in entries)
            assert segment["last_at"] == max(entry.occurred_at for entry in entries)
            found.update(entries)
    return found


def _entries(segment: dict[str, Any]) -> Iterator[Entry]:
    size = segment["events"]
    columns: dict[str, list[Any]] = {name: [None] * size for name in COLUMNS}
    for name, values in decode({name: segment[name] for name in COLUMNS}).items():
        assert len(values) == size
        none = NUMBERS[name].none if name in NUMBERS else None
        columns[name] = [_known(value, none) for value in values]
    for event in (
        dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)
    ):
        revenue = event["revenue"]
        yield Entry(
            segment["source"],
            EPOCH + timedelta(microseconds=event["occurred_at"] or 0),
            event["type_id"],
            event["stream_sequence"] or 0,
            event["stream_position"] or 0,
            None if revenue is None else Decimal(revenue) / 10_000,
            event["person"] or 0,
            (
                event["country"], event["city"], event["age"],
                None if event["gender"] is None else GENDERS[event["gender"]],
                None if event["device"] is None else DEVICES[event["device"]],
                event["followers"], event["watch_time"], event["percentage_watched"],
                event["campaign"], event["item"],
            ),
        )  # fmt: skip


def _known(value: Any, none: float | None) -> Any:  # noqa: ANN401 - a column's
    return None if value == none or value != value else value  # noqa: PLR0124 - NaN


def row_entries(url: str) -> "Counter[Entry]":
    """Return what segments have to hold of the rows that are there, how often."""
    found: Counter[Entry] = Counter()
    with psycopg.connect(url, row_factory=dict_row) as connection:
        found.update(
            _expected(row)
            for row in connection.execute(
                "select * from events join event_types on event_types.id = type_id"
            )
        )
    return found


def _expected(row: dict[str, Any]) -> Entry:
    facts: tuple[object, ...] = ()
    person = 0
    if row["raw"]:
        person = text_hash(row["user_id"])
        facts = _facts(json.loads(row["raw"])["data"])
    return Entry(
        row["source"], row["occurred_at"], row["type_id"], row["stream_sequence"],
        row["stream_position"], row["revenue"], person, facts,
    )  # fmt: skip


def _facts(data: dict[str, Any]) -> tuple[object, ...]:
    user, engagement = data["user"], data["engagement"]
    place = user.get("location", engagement)
    country = place.get("country")
    return (
        country,
        (place["city"], country) if "city" in place else None,
        user.get("age"),
        user.get("gender"),
        engagement.get("device"),
        user.get("followers"),
        engagement.get("watchTime"),
        engagement.get("percentageWatched"),
        engagement.get("campaignId"),
        engagement.get("purchasedItem"),
    )


def differences_of_segments(url: str) -> list[Entry]:
    """Return what is in segments only, or in rows only, or not as often.

    Of events without their persons only what the rows still tell is compared; nothing of the
    person may be left.
    """
    segments = Counter[Entry]()
    for entry, times in segment_entries(url).items():
        if not entry.person:
            *personal, _, _, _, _ = entry.facts
            assert personal == [None] * 6
            segments[entry._replace(facts=())] += times
        else:
            segments[entry] += times
    rows = row_entries(url)
    return [*(segments - rows), *(rows - segments)]


def forget_in_segments(url: str, event: dict[str, Any]) -> None:
    """Take an event out of segments, by its user and time."""
    person = text_hash(event["data"]["user"]["userId"])
    moment = datetime.fromisoformat(event["timestamp"])
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for segment in connection.execute("select * from segments").fetchall():
            values = decode({name: segment[name] for name in COLUMNS})
            kept = [
                EPOCH + timedelta(microseconds=int(occurred_at)) != moment or user != person
                for occurred_at, user in zip(values["occurred_at"], values["person"], strict=True)
            ]
            if all(kept):
                continue
            connection.execute("delete from segments where id = %(id)s", segment)
            if any(kept):
                left = encode({name: _chosen(column, kept) for name, column in values.items()})
                described = {"first_at": EPOCH + timedelta(microseconds=left.first)}
                described["last_at"] = EPOCH + timedelta(microseconds=left.last)
                connection.execute(
                    query("store_segment"),
                    {**segment, **left.columns, **described, "events": left.events},
                )


def _chosen(column: Values, kept: list[bool]) -> Values:
    chosen = list(compress(column, kept))
    return array(column.typecode, chosen) if isinstance(column, array) else chosen
