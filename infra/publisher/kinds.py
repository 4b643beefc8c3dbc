"""The fourteen kinds of event, as the brief of the events names them."""

from typing import Final, NamedTuple


class Kind(NamedTuple):
    """What reports group by. `revenue` says that the kind's purchaseAmount is revenue."""

    source: str
    stage: str
    type: str
    revenue: bool = False


KINDS: Final = (
    Kind("facebook", "top", "ad.view"),
    Kind("facebook", "top", "page.like"),
    Kind("facebook", "top", "comment"),
    Kind("facebook", "top", "video.view"),
    Kind("facebook", "bottom", "ad.click"),
    Kind("facebook", "bottom", "form.submission"),
    Kind("facebook", "bottom", "checkout.complete", revenue=True),
    Kind("tiktok", "top", "video.view"),
    Kind("tiktok", "top", "like"),
    Kind("tiktok", "top", "share"),
    Kind("tiktok", "top", "comment"),
    Kind("tiktok", "bottom", "profile.visit"),
    Kind("tiktok", "bottom", "purchase", revenue=True),
    Kind("tiktok", "bottom", "follow"),
)

CODES: Final = {(kind.source, kind.type): code for code, kind in enumerate(KINDS)}
FACEBOOK_CODES: Final = tuple(c for c, kind in enumerate(KINDS) if kind.source == "facebook")
TIKTOK_CODES: Final = tuple(c for c, kind in enumerate(KINDS) if kind.source == "tiktok")
REVENUE_CODES: Final = tuple(c for c, kind in enumerate(KINDS) if kind.revenue)

INVALID: Final = 255
"""The code of an event that hookstream has to refuse."""
