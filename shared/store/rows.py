"""Turns valid events into the rows that the store's COPY takes."""

import hashlib
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from shared.events.model import (
    EVENT_CLASSES,
    SOURCES,
    Event,
    EventType,
    FacebookBottomData,
    FacebookTopData,
    Source,
    TiktokBottomData,
    TiktokTopData,
    type_of,
)

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_SECONDS = int(POSTGRES_EPOCH.timestamp())
_MICROSECONDS_PER_DAY = 86_400_000_000
_MICROSECONDS_PER_SECOND = 1_000_000
_instant = struct.Struct(">q").pack
_identities = {
    source: hashlib.blake2b(f"{source}\0".encode(), digest_size=16).copy for source in SOURCES
}

Column = bytes | str | int | float | Decimal | None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One event, ready to be stored.

    `key` is its identity, `second` that of its rollups, counted from 1970-01-01 UTC. `columns` are
    in the order of schema/queries/store_copy.sql; the time among them is in PostgreSQL's binary
    representation, 8 bytes. `facts` are what segments hold beside it.
    """

    key: bytes
    second: int
    type_id: int
    revenue: Decimal | None
    stream_sequence: int
    stream_position: int
    columns: tuple[Column, ...]
    facts: tuple[Column, ...]


_COLUMNS = {
    "occurred_at": "timestamptz", "type_id": "int2", "event_id": "text", "user_id": "text",
    "revenue": "numeric", "raw": "text", "stream_sequence": "int8", "stream_position": "int4",
}  # fmt: skip

COPY_TYPES = tuple(_COLUMNS.values())
"""PostgreSQL's types of a Row's columns."""

_WITHOUT_PERSON: Mapping[str, Column] = {
    "event_id": "",
    "user_id": "",
    "country": None,
    "city": None,
    "age": None,
    "gender": None,
    "followers": None,
    "device": None,
    "raw": "",
}
"""What stands in the personal columns of an event without its person, as erase_rows() leaves it."""


def identity(source: Source, event_id: str) -> bytes:
    """Return the 128-bit identity of (source, eventId)."""
    hashed = _identities[source]()
    hashed.update(event_id.encode())
    return hashed.digest()


FACTS: Sequence[str] = (
    "user_id", "country", "city", "age", "gender", "followers", "device", "watch_time",
    "percentage_watched", "campaign_id", "purchased_item", "revenue",
)  # fmt: skip
"""The names of a Row's facts."""

_USER_ID = FACTS.index("user_id")
_Facts = tuple[Column, ...]


def _facebook_top(data: FacebookTopData, _: EventType) -> _Facts:
    user, place = data.user, data.user.location
    person = user.userId, place.country, place.city, user.age, user.gender
    return (*person, None, None, None, None, None, None, None)


def _facebook_bottom(data: FacebookBottomData, kind: EventType) -> _Facts:
    user, place, action = data.user, data.user.location, data.engagement
    person = user.userId, place.country, place.city, user.age, user.gender
    revenue = _revenue(action.purchaseAmount, kind)
    return (*person, None, action.device, None, None, action.campaignId, None, revenue)


def _tiktok_top(data: TiktokTopData, _: EventType) -> _Facts:
    user, watch = data.user, data.engagement
    seen = watch.device, watch.watchTime, watch.percentageWatched
    return (user.userId, watch.country, None, None, None, user.followers, *seen, None, None, None)


def _tiktok_bottom(data: TiktokBottomData, kind: EventType) -> _Facts:
    user, action = data.user, data.engagement
    bought = action.purchasedItem, _revenue(action.purchaseAmount, kind)
    return (user.userId, None, None, None, None, user.followers, None, None, None, None, *bought)


def _revenue(amount: str | None, kind: EventType) -> Decimal | None:
    return Decimal(amount) if amount is not None and kind.has_revenue else None


_FACTS: Mapping[type[Event], Callable[[Any, EventType], _Facts]] = {
    EVENT_CLASSES["facebook", "top"]: _facebook_top,
    EVENT_CLASSES["facebook", "bottom"]: _facebook_bottom,
    EVENT_CLASSES["tiktok", "top"]: _tiktok_top,
    EVENT_CLASSES["tiktok", "bottom"]: _tiktok_bottom,
}


def build_row(event: Event, raw: str, stream_sequence: int, stream_position: int) -> Row:
    """Return an event's row; `raw` is its JSON text as received."""
    kind = type_of(event)
    event_id = event.eventId
    since = event.timestamp - POSTGRES_EPOCH
    instant = since.days * _MICROSECONDS_PER_DAY + since.seconds * 1_000_000 + since.microseconds
    facts = _FACTS[type(event)](event.data, kind)
    return Row(
        identity(event.source, event_id),
        instant // _MICROSECONDS_PER_SECOND + _UNIX_SECONDS,
        kind.id,
        facts[-1],  # type: ignore[arg-type]  # the revenue
        stream_sequence,
        stream_position,
        (
            _instant(instant),
            kind.id,
            event_id,
            facts[0],
            facts[-1],
            raw,
            stream_sequence,
            stream_position,
        ),
        facts,
    )


def user_of(row: Row) -> str:
    """Return the userId of a row."""
    return str(row.facts[_USER_ID])


def without_person(row: Row) -> Row:
    """Return a row that counts and sums as before and tells nothing of whose event it is."""
    columns = _anonymous(_COLUMNS, row.columns)
    return msgspec.structs.replace(row, columns=columns, facts=_anonymous(FACTS, row.facts))


def _anonymous(names: Iterable[str], values: Iterable[Column]) -> tuple[Column, ...]:
    named = zip(names, values, strict=True)
    return tuple(_WITHOUT_PERSON.get(name, value) for name, value in named)


def rollup_columns(rows: Iterable[Row]) -> dict[str, str]:
    """Return what rows add to each second, as columns of schema/queries/store_rollup.sql.

    They are PostgreSQL's array literals: rows that share no second make long arrays, which psycopg
    would dump item by item, for several times the cost.
    """
    counts: Counter[tuple[int, int]] = Counter()
    transactions: Counter[tuple[int, int]] = Counter()
    revenue: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in rows:
        group = row.second, row.type_id
        counts[group] += 1
        if row.revenue is not None:
            transactions[group] += 1
            revenue[group] += row.revenue
    return {
        "second": _array(second for second, _ in counts),
        "type_id": _array(type_id for _, type_id in counts),
        "events": _array(counts.values()),
        "transactions": _array(transactions.get(group, 0) for group in counts),
        "revenue": _array(revenue.get(group, 0) for group in counts),
    }


def _array(numbers: Iterable[int | Decimal]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"
