"""Turns valid events into the rows that the store's COPY takes."""

import hashlib
import struct
from datetime import UTC, date, datetime
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
_MICROSECONDS_PER_DAY = 86_400_000_000
_instant = struct.Struct(">q")


class Row(NamedTuple):
    """One event in the order of schema/queries/store_copy.sql.

    `key` and `occurred_at` are in PostgreSQL's binary representation: the 16 bytes of the
    event's identity, and 8 bytes of microseconds since 2000-01-01 UTC.
    """

    key: bytes
    occurred_at: bytes
    type_id: int
    event_id: str
    user_id: str
    country: str | None
    city: str | None
    age: int | None
    gender: str | None
    followers: int | None
    device: str | None
    watch_time: float | None
    percentage_watched: float | None
    campaign_id: str | None
    purchased_item: str | None
    revenue: Decimal | None
    raw: str
    stream_sequence: int
    stream_position: int

    @property
    def day(self) -> date:
        """Return the UTC day of the event."""
        days = _instant.unpack(self.occurred_at)[0] // _MICROSECONDS_PER_DAY
        return date.fromordinal(_POSTGRES_EPOCH.toordinal() + days)


COPY_TYPES = (
    "uuid", "timestamptz", "int2", "text", "text", "text", "text", "int2", "text", "int8", "text",
    "float8", "float8", "text", "text", "numeric", "text", "int8", "int4",
)  # fmt: skip
"""PostgreSQL's types of a Row's fields."""


def identity(source: str, event_id: str) -> bytes:
    """Return the 128-bit identity of (source, eventId)."""
    return hashlib.blake2b(f"{source}\0{event_id}".encode(), digest_size=16).digest()


def build_row(event: Event, raw: str, stream_sequence: int, stream_position: int) -> Row:
    """Return an event's row; `raw` is its JSON text as received."""
    envelope, user, engagement = event.envelope, event.data.user, event.data.engagement
    since = envelope.timestamp - _POSTGRES_EPOCH
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
    return Row(
        identity(envelope.source, envelope.eventId),
        _instant.pack(
            since.days * _MICROSECONDS_PER_DAY + since.seconds * 1_000_000 + since.microseconds
        ),
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
