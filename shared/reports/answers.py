"""What reports answer, member for member (camelCase on the wire)."""

from datetime import datetime

import msgspec


class _Wire(msgspec.Struct, rename="camel", kw_only=True):
    """Members are written in the order in which they stand."""


class Range(_Wire):
    """The range of the request, in UTC; null is unbounded."""

    start: datetime | None = msgspec.field(name="from")
    end: datetime | None = msgspec.field(name="to")


class Answer(_Wire):
    """What every report says of itself.

    Every event accepted before `as_of` is in the answer; it is null while that is unknown.
    `freshness_seconds` is the age of `as_of`.
    """

    range: Range
    as_of: datetime | None
    freshness_seconds: float | None


class EventGroup(_Wire):
    """The events of one type of one source."""

    source: str
    funnel_stage: str
    event_type: str
    count: int


class EventsAnswer(Answer):
    """`/reports/events`."""

    total_events: int
    groups: list[EventGroup]


class RevenueGroup(_Wire):
    """The revenue of one type of one source; amounts are decimal strings."""

    source: str
    event_type: str
    total_revenue: str
    transaction_count: int
    average_order_value: str | None


class RevenueAnswer(Answer):
    """`/reports/revenue`; transactions are revenue events that carry an amount."""

    total_revenue: str
    transaction_count: int
    average_order_value: str | None
    groups: list[RevenueGroup]


class CountryShare(_Wire):
    """Users of one country; `share` is of the users whose country is known."""

    country: str
    users: int
    share: float


class CityShare(_Wire):
    """Users of one city; `share` is of the users whose city is known."""

    country: str
    city: str
    users: int
    share: float


class FacebookUsers(_Wire):
    """Who the Facebook events of the selection come from; groups count users."""

    users: int
    events: int
    average_age: float | None
    age_groups: dict[str, int]
    gender: dict[str, int]
    top_countries: list[CountryShare]
    top_cities: list[CityShare]


class TiktokUsers(_Wire):
    """Who the TikTok events of the selection come from; groups count users.

    `average_watch_time` (seconds) and `average_percentage_watched` (0 to 100) are over events.
    """

    users: int
    events: int
    average_followers: float | None
    follower_ranges: dict[str, int]
    devices: dict[str, int]
    top_countries: list[CountryShare]
    average_watch_time: float | None
    average_percentage_watched: float | None


class DemographicsAnswer(Answer):
    """`/reports/demographics`; a source without events in the selection has zeros."""

    exact: bool
    facebook: FacebookUsers
    tiktok: TiktokUsers
