"""Returning users: a population whose members keep their attributes, mostly."""

from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from infra.publisher.columns import members, uuids
from infra.publisher.vocabulary import VOCABULARY, Market

_TAIL: Final = tuple(Market(country, 0, (f"{country} City",)) for country in VOCABULARY.countries)
_WEIGHTS: Final = tuple(accumulate(market.weight for market in VOCABULARY.markets))
_TAIL_SHARE: Final = 0.03
_GENDERS: Final = ("female", "male", "non-binary")
_GENDER_WEIGHTS: Final = (51, 99, 100)
_CHANGE: Final = 0.004


def _home(rng: Random) -> tuple[str, str]:
    """Return a country and a city; large ones are likelier."""
    if rng.random() < _TAIL_SHARE:
        market = _TAIL[int(rng.random() * len(_TAIL))]
    else:
        market = rng.choices(VOCABULARY.markets, cum_weights=_WEIGHTS)[0]
    return market.country, market.cities[int(rng.random() ** 1.7 * len(market.cities))]


@dataclass(slots=True)
class FacebookUser:
    """A user, with `json` the rendered members of `data.user`, and the browser they use."""

    user_id: str
    name: str
    age: int
    gender: str
    country: str
    city: str
    touch: bytes
    json: bytes = b""

    def render(self) -> None:
        """Bring `json` up to date."""
        self.json = members(
            userId=self.user_id,
            name=self.name,
            age=self.age,
            gender=self.gender,
            location={"country": self.country, "city": self.city},
        )

    def change(self, rng: Random) -> None:
        """Have a birthday, or move."""
        if rng.random() < 0.5:  # noqa: PLR2004 - a coin
            self.age = min(self.age + 1, 99)
        else:
            self.country, self.city = _home(rng)
        self.render()


@dataclass(slots=True)
class TiktokUser:
    """A user, with `json` the rendered members of `data.user`, and the screen they use."""

    user_id: str
    username: str
    followers: int
    screen: bytes
    json: bytes = b""

    def render(self) -> None:
        """Bring `json` up to date."""
        self.json = members(userId=self.user_id, username=self.username, followers=self.followers)

    def change(self, rng: Random) -> None:
        """Gain followers."""
        self.followers += 1 + int(self.followers * rng.random() * 0.02)
        self.render()


def _new_facebook_user(rng: Random) -> FacebookUser:
    mobile = rng.random() < 0.74  # noqa: PLR2004 - the share of phones
    browsers = ("Chrome", "Safari", "Firefox")
    touch = members(
        device="mobile" if mobile else "desktop",
        browser=rng.choices(browsers, cum_weights=(63, 94, 100))[0],
    )
    user = FacebookUser(
        user_id=uuids(rng, 1)[0].decode(),
        name=f"{rng.choice(VOCABULARY.first_names)} {rng.choice(VOCABULARY.last_names)}",
        age=min(13 + int(rng.gammavariate(4.2, 5.5)), 95),
        gender=rng.choices(_GENDERS, cum_weights=_GENDER_WEIGHTS)[0],
        country="",
        city="",
        touch=touch,
    )
    user.country, user.city = _home(rng)
    user.render()
    return user


def _new_tiktok_user(rng: Random) -> TiktokUser:
    device = rng.choices(("Android", "iOS", "Desktop"), cum_weights=(55, 92, 100))[0]
    user = TiktokUser(
        user_id=uuids(rng, 1)[0].decode(),
        username=f"{rng.choice(VOCABULARY.first_names).lower()}.{rng.choice(VOCABULARY.last_names)}{rng.randrange(1000)}",
        followers=min(int(rng.lognormvariate(5.6, 2.2)), 9_000_000),
        screen=members(device=device, country=_home(rng)[0]),
    )
    user.render()
    return user


class Population:
    """Up to `size` users of each source. Who is active is uneven: some come back often."""

    def __init__(self, rng: Random, size: int) -> None:
        self._rng = rng
        self._size = size
        self._facebook: dict[int, FacebookUser] = {}
        self._tiktok: dict[int, TiktokUser] = {}

    def facebook(self) -> FacebookUser:
        """Return a user; now and then one whose attributes just changed."""
        number = int(self._rng.random() ** 2 * self._size)
        user = self._facebook.get(number)
        if user is None:
            user = self._facebook[number] = _new_facebook_user(self._rng)
        elif self._rng.random() < _CHANGE:
            user.change(self._rng)
        return user

    def tiktok(self) -> TiktokUser:
        """Return a user; now and then one whose attributes just changed."""
        number = int(self._rng.random() ** 2 * self._size)
        user = self._tiktok.get(number)
        if user is None:
            user = self._tiktok[number] = _new_tiktok_user(self._rng)
        elif self._rng.random() < _CHANGE:
            user.change(self._rng)
        return user
