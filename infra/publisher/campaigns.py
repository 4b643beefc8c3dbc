"""Campaigns, videos and goods: a small catalogue with a heavy tail."""

from dataclasses import dataclass
from itertools import accumulate, product
from random import Random
from typing import Final

from infra.publisher.columns import quoted
from infra.publisher.vocabulary import VOCABULARY

_THEMES: Final = (
    *("spring-sale", "summer-drop", "back-to-school", "black-friday", "winter-warmers"),
    *("new-arrivals", "retargeting", "lookalike", "brand-awareness", "free-shipping"),
)
_PLACES: Final = ("us", "eu", "apac", "latam")
_VIDEOS: Final = 400
_ITEMS: Final = 60
_MARKUP: Final = 0.35
"""The spread of prices (the sigma of a log-normal)."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign on Facebook; `price` is the usual basket in cents."""

    campaign_id: bytes
    ads: tuple[bytes, ...]
    price: float


@dataclass(frozen=True, slots=True)
class Item:
    """Something that TikTok users buy; `name` is a JSON string, `price` is in cents."""

    name: bytes
    price: int


@dataclass(frozen=True, slots=True)
class Video:
    """A video of `length` seconds."""

    video_id: bytes
    length: int


def _price(rng: Random, median: float) -> int:
    return max(99, int(rng.lognormvariate(0, _MARKUP) * median))


def _campaign(rng: Random, name: str) -> Campaign:
    ads = tuple(f"ad-{name}-{n}".encode() for n in range(1, rng.randint(2, 6)))
    return Campaign(f"camp-{name}".encode(), ads, rng.lognormvariate(0, 0.6) * 45_00)


class Catalogue:
    """What is advertised, watched and sold; the first entries are the popular ones."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        names = [f"{theme}-{place}" for theme, place in product(_THEMES, _PLACES)]
        rng.shuffle(names)
        self._campaigns = [_campaign(rng, name) for name in names]
        self._weights = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
        self._videos = [
            Video(f"vid-{n:04d}".encode(), 5 + int(rng.expovariate(1 / 35))) for n in range(_VIDEOS)
        ]
        goods = rng.sample(VOCABULARY.goods(), _ITEMS)
        self._items = [Item(name, _price(rng, 24_00)) for name in quoted(goods)]
        self.profiles = quoted(f"profile-{n:03d}" for n in range(40))

    def campaign(self) -> tuple[Campaign, bytes]:
        """Return a campaign and the id of one of its ads."""
        campaign = self._rng.choices(self._campaigns, cum_weights=self._weights)[0]
        return campaign, campaign.ads[int(self._rng.random() * len(campaign.ads))]

    def video(self) -> Video:
        """Return a video."""
        return self._videos[int(self._rng.random() ** 3 * _VIDEOS)]

    def sale(self) -> tuple[Item, int]:
        """Return an item and what is paid for it: one or two pieces."""
        item = self._items[int(self._rng.random() ** 2 * _ITEMS)]
        return item, item.price * (2 if self._rng.random() < 0.12 else 1)  # noqa: PLR2004 - pairs

    def basket(self, campaign: Campaign) -> int:
        """Return what a checkout of the campaign costs, in cents."""
        return _price(self._rng, campaign.price)
