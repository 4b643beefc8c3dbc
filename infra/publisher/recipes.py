"""Recipes of the profile `andriiuni`: a JSON template per kind, filled from random columns.

A row of RECIPES is the template and two sets of columns that fill it, the user's and the
engagement's.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from random import Random
from typing import Final, NamedTuple

from infra.publisher.columns import alphanumerics, decimals, members, quoted, uuids
from infra.publisher.kinds import KINDS
from infra.publisher.vocabulary import VOCABULARY

Moments = Sequence[bytes]
Columns = tuple[Sequence[object], ...]

_AGES: Final = range(18, 66)
_FOLLOWERS: Final = range(1_000_001)
_WATCH_TIMES: Final = range(301)
_PERCENTAGES: Final = range(101)
_GENDERS: Final = quoted(("male", "female", "non-binary"))
_REFERRERS: Final = quoted(("newsfeed", "marketplace", "groups"))
_TOUCHES: Final = tuple(
    members(clickPosition=position, device=device, browser=browser)
    for position, device, browser in product(
        ("top_left", "bottom_right", "center"),
        ("mobile", "desktop"),
        ("Chrome", "Firefox", "Safari"),
    )
)
_SCREENS: Final = tuple(
    members(device=device, country=country)
    for device, country in product(("Android", "iOS", "Desktop"), VOCABULARY.countries)
)
_COUNTRIES: Final = quoted(VOCABULARY.countries)

_FACEBOOK: Final = (
    b'{"eventId":"fb-%%b","timestamp":"%%b","source":"facebook","funnelStage":"%b","eventType":"%b",'
    b'"data":{"user":{"userId":"%%b","name":%%b,"age":%%d,"gender":%%b,'
    b'"location":{"country":%%b,"city":%%b}},"engagement":{%b}}}'
)
_TIKTOK: Final = (
    b'{"eventId":"ttk-%%b","timestamp":"%%b","source":"tiktok","funnelStage":"%b","eventType":"%b",'
    b'"data":{"user":{"userId":"%%b","username":%%b,"followers":%%d},"engagement":{%b}}}'
)


@cache
def _cities() -> tuple[bytes, ...]:
    return quoted(VOCABULARY.cities())


@cache
def _names() -> tuple[bytes, ...]:
    words = VOCABULARY
    return quoted(map(" ".join, product(words.first_names, words.last_names)))


@cache
def _usernames() -> tuple[bytes, ...]:
    firsts, lasts = VOCABULARY.first_names, VOCABULARY.last_names
    numbered = (f"{first}{number}" for first, number in product(firsts, range(100)))
    joined = map("".join, product(firsts, "._", lasts))
    return quoted((*numbered, *joined))


@cache
def _items() -> tuple[bytes, ...]:
    return quoted(VOCABULARY.goods())


def _facebook(rng: Random, moments: Moments) -> Columns:
    n, pick = len(moments), rng.choices
    return (
        uuids(rng, n),
        moments,
        uuids(rng, n),
        pick(_names(), k=n),
        pick(_AGES, k=n),
        pick(_GENDERS, k=n),
        pick(_COUNTRIES, k=n),
        pick(_cities(), k=n),
    )


def _tiktok(rng: Random, moments: Moments) -> Columns:
    n, pick = len(moments), rng.choices
    followers = pick(_FOLLOWERS, k=n)
    return (uuids(rng, n), moments, uuids(rng, n), pick(_usernames(), k=n), followers)


def _ad(rng: Random, moments: Moments, _: Sequence[int]) -> Columns:
    return moments, rng.choices(_REFERRERS, k=len(moments))


def _video(rng: Random, moments: Moments, _: Sequence[int]) -> Columns:
    n = len(moments)
    return moments, rng.choices(_REFERRERS, k=n), alphanumerics(rng, n, 8)


def _click(rng: Random, moments: Moments, _: Sequence[int]) -> Columns:
    n = len(moments)
    return alphanumerics(rng, n, 8), alphanumerics(rng, n, 5), rng.choices(_TOUCHES, k=n)


def _checkout(rng: Random, moments: Moments, amounts: Sequence[int]) -> Columns:
    return *_click(rng, moments, ()), decimals(amounts)


def _watch(rng: Random, moments: Moments, _: Sequence[int]) -> Columns:
    n, pick = len(moments), rng.choices
    return (
        pick(_WATCH_TIMES, k=n),
        pick(_PERCENTAGES, k=n),
        pick(_SCREENS, k=n),
        alphanumerics(rng, n, 8),
    )


def _visit(rng: Random, moments: Moments, _: Sequence[int]) -> Columns:
    return moments, alphanumerics(rng, len(moments), 6)


def _purchase(rng: Random, moments: Moments, amounts: Sequence[int]) -> Columns:
    return moments, rng.choices(_items(), k=len(moments)), decimals(amounts)


def _follow(_: Random, moments: Moments, __: Sequence[int]) -> Columns:
    return (moments,)


_TOP: Final = b'"actionTime":"%b","referrer":%b,"videoId":'
_BOTTOM: Final = b'"adId":"ad-%b","campaignId":"camp-%b",%b,"purchaseAmount":'
_WATCH: Final = b'"watchTime":%d,"percentageWatched":%d,%b,"videoId":"vid-%b"'
_PROFILE: Final = b'"actionTime":"%b","profileId":'

_ENGAGEMENTS: Final = {
    ("facebook", "ad.view"): (_TOP + b"null", _ad),
    ("facebook", "page.like"): (_TOP + b"null", _ad),
    ("facebook", "comment"): (_TOP + b"null", _ad),
    ("facebook", "video.view"): (_TOP + b'"vid-%b"', _video),
    ("facebook", "ad.click"): (_BOTTOM + b"null", _click),
    ("facebook", "form.submission"): (_BOTTOM + b"null", _click),
    ("facebook", "checkout.complete"): (_BOTTOM + b'"%b"', _checkout),
    ("tiktok", "video.view"): (_WATCH, _watch),
    ("tiktok", "like"): (_WATCH, _watch),
    ("tiktok", "share"): (_WATCH, _watch),
    ("tiktok", "comment"): (_WATCH, _watch),
    ("tiktok", "profile.visit"): (
        _PROFILE + b'"profile-%b","purchasedItem":null,"purchaseAmount":null',
        _visit,
    ),
    ("tiktok", "purchase"): (
        _PROFILE + b'null,"purchasedItem":%b,"purchaseAmount":"%b"',
        _purchase,
    ),
    ("tiktok", "follow"): (_PROFILE + b'null,"purchasedItem":null,"purchaseAmount":null', _follow),
}


class Recipe(NamedTuple):
    """How events of one kind are made."""

    template: bytes
    user: Callable[[Random, Moments], Columns]
    engagement: Callable[[Random, Moments, Sequence[int]], Columns]

    def make(self, rng: Random, moments: Moments, amounts: Sequence[int]) -> list[bytes]:
        """Return one event for each moment; `amounts` (cents) is as long if the kind is revenue."""
        columns = self.user(rng, moments) + self.engagement(rng, moments, amounts)
        return [self.template % row for row in zip(*columns, strict=True)]


def _recipe(source: str, stage: str, event_type: str) -> Recipe:
    engagement, columns = _ENGAGEMENTS[source, event_type]
    envelope, user = (_FACEBOOK, _facebook) if source == "facebook" else (_TIKTOK, _tiktok)
    template = envelope % (stage.encode(), event_type.encode(), engagement)
    return Recipe(template, user, columns)


RECIPES: Final = tuple(_recipe(kind.source, kind.stage, kind.type) for kind in KINDS)
"""A recipe for each code of KINDS."""
