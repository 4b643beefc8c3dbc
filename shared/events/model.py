"""The wire types of both sources and the table of their variants; field names are the wire's.

Unknown extra fields are allowed everywhere: they stay in the raw event.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta

MAX_ID_BYTES = 256

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES)]
Name = Annotated[str, Meta(min_length=1, max_length=512)]
Place = Annotated[str, Meta(max_length=256)]
Instant = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Amount = Annotated[str, Meta(pattern=r"\A[0-9]{1,12}(\.[0-9]{1,4})?\Z")]

Source = Literal["facebook", "tiktok"]
FunnelStage = Literal["top", "bottom"]

SOURCES: tuple[Source, ...] = ("facebook", "tiktok")


class _Wire(msgspec.Struct, gc=False):
    """No reference cycles: the garbage collector need not look at events."""


class Location(_Wire):
    """Where a Facebook user is."""

    country: Place
    city: Place


class FacebookUser(_Wire):
    """The user of a Facebook event."""

    userId: Id
    name: Name
    age: Annotated[int, Meta(ge=0, le=150)]
    gender: Literal["male", "female", "non-binary"]
    location: Location


class FacebookTop(_Wire):
    """Engagement of ad.view, page.like, comment and video.view."""

    actionTime: datetime
    referrer: Literal["newsfeed", "marketplace", "groups"]
    videoId: Id | None


class FacebookBottom(_Wire):
    """Engagement of ad.click, form.submission and checkout.complete."""

    adId: Id
    campaignId: Id
    clickPosition: Literal["top_left", "bottom_right", "center"]
    device: Literal["mobile", "desktop"]
    browser: Literal["Chrome", "Firefox", "Safari"]
    purchaseAmount: Amount | None


class TiktokUser(_Wire):
    """The user of a TikTok event."""

    userId: Id
    username: Name
    followers: Count


class TiktokTop(_Wire):
    """Engagement of video.view, like, share and comment; watchTime is in seconds."""

    watchTime: Annotated[float, Meta(ge=0, le=1e9)]
    percentageWatched: Annotated[float, Meta(ge=0, le=100)]
    device: Literal["Android", "iOS", "Desktop"]
    country: Place
    videoId: Id


class TiktokBottom(_Wire):
    """Engagement of profile.visit, purchase and follow."""

    actionTime: datetime
    profileId: Id | None
    purchasedItem: Name | None
    purchaseAmount: Amount | None


class FacebookTopData(_Wire):
    """`data` of a Facebook event of the top stage."""

    user: FacebookUser
    engagement: FacebookTop


class FacebookBottomData(_Wire):
    """`data` of a Facebook event of the bottom stage."""

    user: FacebookUser
    engagement: FacebookBottom


class TiktokTopData(_Wire):
    """`data` of a TikTok event of the top stage."""

    user: TiktokUser
    engagement: TiktokTop


class TiktokBottomData(_Wire):
    """`data` of a TikTok event of the bottom stage."""

    user: TiktokUser
    engagement: TiktokBottom


Data = FacebookTopData | FacebookBottomData | TiktokTopData | TiktokBottomData


class Envelope(_Wire):
    """What all events share; `data` is decoded by its variant."""

    eventId: Id
    timestamp: Instant
    source: Source
    funnelStage: FunnelStage
    eventType: str
    data: msgspec.Raw


class Event(_Wire):
    """A valid event; its class is that of its source and stage in EVENT_CLASSES."""

    eventId: Id
    timestamp: Instant
    source: Source
    eventType: str
    data: Data


class EventType(msgspec.Struct, frozen=True, gc=False):
    """One row of the type table; `id` is the row's id in the database's event_types."""

    id: int
    source: Source
    funnel_stage: FunnelStage
    name: str
    data: type[Data]
    has_revenue: bool = False


EVENT_TYPES: tuple[EventType, ...] = (
    EventType(1, "facebook", "top", "ad.view", FacebookTopData),
    EventType(2, "facebook", "top", "page.like", FacebookTopData),
    EventType(3, "facebook", "top", "comment", FacebookTopData),
    EventType(4, "facebook", "top", "video.view", FacebookTopData),
    EventType(5, "facebook", "bottom", "ad.click", FacebookBottomData),
    EventType(6, "facebook", "bottom", "form.submission", FacebookBottomData),
    EventType(7, "facebook", "bottom", "checkout.complete", FacebookBottomData, has_revenue=True),
    EventType(8, "tiktok", "top", "video.view", TiktokTopData),
    EventType(9, "tiktok", "top", "like", TiktokTopData),
    EventType(10, "tiktok", "top", "share", TiktokTopData),
    EventType(11, "tiktok", "top", "comment", TiktokTopData),
    EventType(12, "tiktok", "bottom", "profile.visit", TiktokBottomData),
    EventType(13, "tiktok", "bottom", "purchase", TiktokBottomData, has_revenue=True),
    EventType(14, "tiktok", "bottom", "follow", TiktokBottomData),
)

_BY_NAME = {(kind.source, kind.name): kind for kind in EVENT_TYPES}


def type_of(event: Event) -> EventType:
    """Return an event's row of the type table."""
    return _BY_NAME[event.source, event.eventType]


def _event_class(source: Source, stage: FunnelStage) -> type[Event]:
    """Make the class that only events of a source and stage decode into."""
    kinds = [kind for kind in EVENT_TYPES if (kind.source, kind.funnel_stage) == (source, stage)]
    made = msgspec.defstruct(
        f"{source.title()}{stage.title()}Event",
        [
            ("source", Literal[source]),
            ("eventType", Literal[tuple(kind.name for kind in kinds)]),
            ("data", kinds[0].data),
        ],
        bases=(Event,),
        tag_field="funnelStage",
        tag=stage,
        gc=False,
    )
    return cast("type[Event]", made)


EVENT_CLASSES: Mapping[tuple[Source, FunnelStage], type[Event]] = {
    (kind.source, kind.funnel_stage): _event_class(kind.source, kind.funnel_stage)
    for kind in EVENT_TYPES
}
