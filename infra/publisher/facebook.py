"""Realistic Facebook events: a click leads to forms and checkouts of the same user and ad."""

from random import Random
from typing import Final, NamedTuple

from infra.publisher.campaigns import Campaign, Catalogue
from infra.publisher.columns import decimals
from infra.publisher.people import FacebookUser, Population
from infra.publisher.trails import Trail

SHARES: Final = {
    "ad.view": 0.640,
    "video.view": 0.150,
    "page.like": 0.070,
    "comment": 0.030,
    "ad.click": 0.080,
    "form.submission": 0.018,
    "checkout.complete": 0.012,
}
_TOP: Final = frozenset(("ad.view", "video.view", "page.like", "comment"))
_POSITIONS: Final = (b"top_left", b"center", b"bottom_right")
_REFERRERS: Final = (b"newsfeed", b"newsfeed", b"newsfeed", b"groups", b"marketplace")
_MEMORY: Final = 1024

_EVENT: Final = (
    b'{"eventId":"fb-%b","timestamp":"%b","source":"facebook","funnelStage":"%b","eventType":"%b",'
    b'"data":{"user":{%b},"engagement":{%b}}}'
)


class Click(NamedTuple):
    """Somebody clicked an ad; `where` holds the members that say how."""

    user: FacebookUser
    campaign: Campaign
    where: bytes


class FacebookFeed:
    """Makes events one by one."""

    def __init__(self, rng: Random, population: Population, catalogue: Catalogue) -> None:
        self._rng = rng
        self._population = population
        self._catalogue = catalogue
        self._clicks: Trail[Click] = Trail(rng, _MEMORY)

    def event(self, event_type: str, event_id: bytes, moment: bytes) -> tuple[bytes, int]:
        """Return an event as JSON and its revenue in cents (0 unless the type is revenue)."""
        if event_type in _TOP:
            user = self._population.facebook()
            stage, cents, engagement = b"top", 0, self._attention(event_type, moment)
        else:
            click = self._click(event_type)
            user, stage = click.user, b"bottom"
            cents, engagement = self._action(event_type, click)
        head = (event_id, moment, stage, event_type.encode())
        return _EVENT % (*head, user.json, engagement), cents

    def _attention(self, event_type: str, moment: bytes) -> bytes:
        referrer = _REFERRERS[int(self._rng.random() * len(_REFERRERS))]
        video = b"null"
        if event_type == "video.view" or self._rng.random() < 0.1:  # noqa: PLR2004 - a few ads move
            video = b'"%b"' % self._catalogue.video().video_id
        return b'"actionTime":"%b","referrer":"%b","videoId":%b' % (moment, referrer, video)

    def _click(self, event_type: str) -> Click:
        if event_type != "ad.click" and self._clicks:
            return self._clicks.pick()
        user = self._population.facebook()
        campaign, ad_id = self._catalogue.campaign()
        position = _POSITIONS[int(self._rng.random() * len(_POSITIONS))]
        where = b'"adId":"%b","campaignId":"%b","clickPosition":"%b",%b' % (
            ad_id,
            campaign.campaign_id,
            position,
            user.touch,
        )
        click = Click(user, campaign, where)
        self._clicks.add(click)
        return click

    def _action(self, event_type: str, click: Click) -> tuple[int, bytes]:
        if event_type != "checkout.complete":
            return 0, click.where + b',"purchaseAmount":null'
        cents = self._catalogue.basket(click.campaign)
        return cents, b'%b,"purchaseAmount":"%b"' % (click.where, decimals((cents,))[0])
