"""The profile `andriiuni`: what the public image andriiuni/events sends, cardinality included.

Ids, users, ads and campaigns are drawn afresh for each event, so that they are nearly unique;
countries are 245, cities tens of thousands. Half facebook, half tiktok; half top, half bottom; the
type uniform in its stage.
"""

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Final

from infra.publisher.columns import cents
from infra.publisher.kinds import CODES, KINDS
from infra.publisher.minted import Minted
from infra.publisher.recipes import RECIPES

_PRICES: Final = {
    CODES["facebook", "checkout.complete"]: (10_00, 1000_00),
    CODES["tiktok", "purchase"]: (5_00, 500_00),
}


def _cumulative_weights(facebook_share: float) -> list[float]:
    share = {"facebook": facebook_share, "tiktok": 1 - facebook_share}
    return list(
        accumulate(
            share[kind.source] / 2 / sum(other[:2] == kind[:2] for other in KINDS) for kind in KINDS
        )
    )


class AndriiuniProfile:
    """Makes events like the public publisher's. `facebook_share` is 0..1."""

    corrupts_last = 0.1

    def __init__(self, rng: Random, facebook_share: float) -> None:
        self._rng = rng
        self._weights = _cumulative_weights(facebook_share)

    def mint(self, moments: Sequence[bytes]) -> Minted:
        """Return one valid event for each moment, in that order."""
        codes = self._rng.choices(range(len(KINDS)), cum_weights=self._weights, k=len(moments))
        columns: list[list[bytes]] = [[] for _ in KINDS]
        for code, moment in zip(codes, moments, strict=True):
            columns[code].append(moment)
        prices = {code: cents(self._rng, len(columns[code]), *_PRICES[code]) for code in _PRICES}
        minted = [
            iter(recipe.make(self._rng, column, prices.get(code, ())))
            for code, (recipe, column) in enumerate(zip(RECIPES, columns, strict=True))
        ]
        unsold = {code: iter(amounts) for code, amounts in prices.items()}
        return Minted(
            events=[next(minted[code]) for code in codes],
            kinds=bytearray(codes),
            amounts={at: next(unsold[code]) for at, code in enumerate(codes) if code in unsold},
        )
