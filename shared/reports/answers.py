"""What reports answer, member for member (camelCase on the wire)."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from shared.events.model import FunnelStage, Source

Money = Annotated[
    str, Meta(description="An exact amount.", pattern=r"^[0-9]+\.[0-9]{2,4}$", examples=["1523.50"])
]


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


class Groups(Answer):
    """An answer in groups, largest first.

    `group_count` is of all groups; `next_cursor` asks for those that follow, null for none. The
    members of groups, and of points of a series, that are dimensions are those of `groupBy`; null
    is the group of the events that have no such value.
    """

    group_count: int
    next_cursor: str | None


class EventGroup(_Wire, kw_only=True):
    """The events of a group."""

    source: Source | UnsetType = UNSET
    funnel_stage: FunnelStage | UnsetType = UNSET
    event_type: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    campaign_id: str | UnsetType | None = UNSET
    device: str | UnsetType | None = UNSET
    count: int


class EventPoint(EventGroup, kw_only=True):
    """The events of a group in the interval that begins at `start`."""

    start: datetime


class EventsAnswer(Groups, kw_only=True):
    """`/reports/events`."""

    total_events: int
    groups: list[EventGroup]
    series: list[EventPoint] | UnsetType = UNSET


class RevenueGroup(_Wire, kw_only=True):
    """The revenue of a group; transactions are the events that carry an amount."""

    source: Source | UnsetType = UNSET
    campaign_id: str | UnsetType | None = UNSET
    event_type: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    purchased_item: str | UnsetType | None = UNSET
    total_revenue: Money
    transaction_count: int
    average_order_value: Money | None


class RevenuePoint(RevenueGroup, kw_only=True):
    """The revenue of a group in the interval that begins at `start`."""

    start: datetime


class RevenueAnswer(Groups, kw_only=True):
    """`/reports/revenue`; transactions are revenue events that carry an amount."""

    total_revenue: Money
    transaction_count: int
    average_order_value: Money | None
    groups: list[RevenueGroup]
    series: list[RevenuePoint] | UnsetType = UNSET


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


class Step(_Wire):
    """Events, and how many distinct users they are of."""

    events: int
    users: int


class Stages(_Wire):
    """The stages of the funnel."""

    top: Step
    bottom: Step


class TypeStep(_Wire):
    """The events of one type, and how many distinct users they are of."""

    source: Source
    funnel_stage: FunnelStage
    event_type: str
    events: int
    users: int


class Conversion(_Wire):
    """Users with events of both stages; `rate` is that over the users of the top stage."""

    users: int
    rate: float | None


class FunnelGroup(_Wire, kw_only=True):
    """The funnel of a group; users are distinct by source and userId."""

    source: Source | UnsetType = UNSET
    campaign_id: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    users: int
    events: int
    stages: Stages
    types: list[TypeStep]
    conversion: Conversion
    revenue: Money
    transaction_count: int
    revenue_per_user: Money | None


class FunnelPoint(FunnelGroup, kw_only=True):
    """The funnel of a group in the interval that begins at `start`."""

    start: datetime


class FunnelAnswer(Groups, kw_only=True):
    """`/reports/funnel`; persons who were erased are no users, their events count."""

    exact: bool
    groups: list[FunnelGroup]
    series: list[FunnelPoint] | UnsetType = UNSET
