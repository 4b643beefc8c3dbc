"""Turns valid events into the rows that the store's COPY takes."""

import hashlib
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from shared.events.decoding import Event
from shared.events.model import (
    FacebookBottom,
    FacebookUser,
    TiktokBottom,
    TiktokTop,
    TiktokUser,
)

_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_SECONDS = int(_POSTGRES_EPOCH.timestamp())
_MICROSECONDS_PER_DAY = 86_400_000_000
_MICROSECONDS_PER_SECOND = 1_000_000
_instant = struct.Struct(">q")


Column = bytes | str | int | float | Decimal | None


class Row(NamedTuple):
    """One event, ready to be stored.

    `key` is its identity, `second` that of its rollups, counted from 1970-01-01 UTC. `columns` are
    in the order of schema/queries/store_copy.sql; the time among them is in PostgreSQL's binary
    representation, 8 bytes.
    """

    key: bytes
    second: int
    type_id: int
    revenue: Decimal | None
    stream_sequence: int
    stream_position: int
    columns: tuple[Column, ...]


_COLUMNS = {
    "occurred_at": "timestamptz", "type_id": "int2", "event_id": "text", "user_id": "text",
    "country": "text", "city": "text", "age": "int2", "gender": "text", "followers": "int8",
    "device": "text", "watch_time": "float8", "percentage_watched": "float8",
    "campaign_id": "text", "purchased_item": "text", "revenue": "numeric", "raw": "text",
    "stream_sequence": "int8", "stream_position": "int4",
}  # fmt: skip
_USER_ID = list(_COLUMNS).index("user_id")

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


def identity(source: str, event_id: str) -> bytes:
    """Return the 128-bit identity of (source, eventId)."""
    return hashlib.blake2b(f"{source}\0{event_id}".encode(), digest_size=16).digest()


def build_row(event: Event, raw: str, stream_sequence: int, stream_position: int) -> Row:
    """Return an event's row; `raw` is its JSON text as received."""
    envelope, user, engagement = event.envelope, event.data.user, event.data.engagement
    since = envelope.timestamp - _POSTGRES_EPOCH
    instant = since.days * _MICROSECONDS_PER_DAY + since.seconds * 1_000_000 + since.microseconds
    country = city = age = gender = followers = watch_time = percentage = None
    campaign_id = item = revenue = amount = None
    device: str | None = None
    if isinstance(user, FacebookUser):
        country, city = user.location.country, user.location.city
        age, gender = user.age, user.gender
        if isinstance(engagement, FacebookBottom):
            campaign_id, device = engagement.campaignId, engagement.device
            amount = engagement.purchaseAmount
    elif isinstance(user, TiktokUser):
        followers = user.followers
        if isinstance(engagement, TiktokTop):
            country, device = engagement.country, engagement.device
            watch_time, percentage = engagement.watchTime, engagement.percentageWatched
        elif isinstance(engagement, TiktokBottom):
            item, amount = engagement.purchasedItem, engagement.purchaseAmount
    if amount is not None and event.type.has_revenue:
        revenue = Decimal(amount)
    columns = (
        _instant.pack(instant),
        event.type.id,
        envelope.eventId,
        user.userId,
        country,
        city,
        age,
        gender,
        followers,
        device,
        watch_time,
        percentage,
        campaign_id,
        item,
        revenue,
        raw,
        stream_sequence,
        stream_position,
    )
    key = identity(envelope.source, envelope.eventId)
    second = instant // _MICROSECONDS_PER_SECOND + _UNIX_SECONDS
    return Row(key, second, event.type.id, revenue, stream_sequence, stream_position, columns)


def user_of(row: Row) -> str:
    """Return the userId of a row."""
    return str(row.columns[_USER_ID])


def without_person(row: Row) -> Row:
    """Return a row that counts and sums as before and tells nothing of whose event it is."""
    named = zip(_COLUMNS, row.columns, strict=True)
    columns = tuple(_WITHOUT_PERSON.get(name, value) for name, value in named)
    return row._replace(columns=columns)


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
