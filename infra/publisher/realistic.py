"""The profile `realistic`: campaigns with plausible funnels, and users who come back.

Views lead to clicks, clicks to forms and checkouts of the same user in the same campaign; visits of
a profile lead to purchases and follows. Campaigns, countries and activity are heavy-tailed.
"""

from collections.abc import Sequence
from itertools import accumulate
from random import Random

from infra.publisher import facebook, tiktok
from infra.publisher.campaigns import Catalogue
from infra.publisher.columns import uuids
from infra.publisher.facebook import FacebookFeed
from infra.publisher.kinds import KINDS
from infra.publisher.minted import Minted
from infra.publisher.people import Population
from infra.publisher.tiktok import TiktokFeed


def _cumulative_weights(facebook_share: float) -> list[float]:
    shares = {
        "facebook": {name: share * facebook_share for name, share in facebook.SHARES.items()},
        "tiktok": {name: share * (1 - facebook_share) for name, share in tiktok.SHARES.items()},
    }
    return list(accumulate(shares[kind.source][kind.type] for kind in KINDS))


class RealisticProfile:
    """Makes a campaign season. `facebook_share` is 0..1, `users` the most users of a source."""

    corrupts_last = 0.0

    def __init__(self, rng: Random, facebook_share: float, users: int) -> None:
        self._rng = rng
        self._weights = _cumulative_weights(facebook_share)
        population, catalogue = Population(rng, users), Catalogue(rng)
        feeds = {
            "facebook": FacebookFeed(rng, population, catalogue).event,
            "tiktok": TiktokFeed(rng, population, catalogue).event,
        }
        self._makers = [(feeds[kind.source], kind.type, kind.revenue) for kind in KINDS]

    def mint(self, moments: Sequence[bytes]) -> Minted:
        """Return one valid event for each moment, in that order."""
        n = len(moments)
        codes = self._rng.choices(range(len(KINDS)), cum_weights=self._weights, k=n)
        events: list[bytes] = []
        amounts: dict[int, int] = {}
        for code, event_id, moment in zip(codes, uuids(self._rng, n), moments, strict=True):
            make, event_type, revenue = self._makers[code]
            event, cents = make(event_type, event_id, moment)
            if revenue:
                amounts[len(events)] = cents
            events.append(event)
        return Minted(events, bytearray(codes), amounts)
