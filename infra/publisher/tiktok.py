"""Realistic TikTok events: a visit of a profile leads to purchases and follows of the same user."""

from random import Random
from typing import Final, NamedTuple

from infra.publisher.campaigns import Catalogue
from infra.publisher.columns import decimals
from infra.publisher.people import Population, TiktokUser
from infra.publisher.trails import Trail

SHARES: Final = {
    "video.view": 0.700,
    "like": 0.130,
    "share": 0.035,
    "comment": 0.045,
    "profile.visit": 0.060,
    "follow": 0.018,
    "purchase": 0.012,
}
_TOP: Final = frozenset(("video.view", "like", "share", "comment"))
_MEMORY: Final = 1024

_EVENT: Final = (
    b'{"eventId":"ttk-%b","timestamp":"%b","source":"tiktok","funnelStage":"%b","eventType":"%b",'
    b'"data":{"user":{%b},"engagement":{%b}}}'
)


class Visit(NamedTuple):
    """Somebody looked at a profile (a JSON string)."""

    user: TiktokUser
    profile: bytes


class TiktokFeed:
    """Makes events one by one."""

    def __init__(self, rng: Random, population: Population, catalogue: Catalogue) -> None:
        self._rng = rng
        self._population = population
        self._catalogue = catalogue
        self._visits: Trail[Visit] = Trail(rng, _MEMORY)

    def event(self, event_type: str, event_id: bytes, moment: bytes) -> tuple[bytes, int]:
        """Return an event as JSON and its revenue in cents (0 unless the type is revenue)."""
        if event_type in _TOP:
            user = self._population.tiktok()
            stage, cents, engagement = b"top", 0, self._watch(user)
        else:
            visit = self._visit(event_type)
            user, stage = visit.user, b"bottom"
            cents, engagement = self._action(event_type, visit, moment)
        head = (event_id, moment, stage, event_type.encode())
        return _EVENT % (*head, user.json, engagement), cents

    def _watch(self, user: TiktokUser) -> bytes:
        video = self._catalogue.video()
        percentage = min(100, int(self._rng.random() ** 0.8 * 115))
        seconds = video.length * percentage / 100
        return b'"watchTime":%.1f,"percentageWatched":%d,%b,"videoId":"%b"' % (
            seconds,
            percentage,
            user.screen,
            video.video_id,
        )

    def _visit(self, event_type: str) -> Visit:
        if event_type != "profile.visit" and self._visits:
            return self._visits.pick()
        profiles = self._catalogue.profiles
        profile = profiles[int(self._rng.random() ** 2 * len(profiles))]
        visit = Visit(self._population.tiktok(), profile)
        self._visits.add(visit)
        return visit

    def _action(self, event_type: str, visit: Visit, moment: bytes) -> tuple[int, bytes]:
        cents, item, amount = 0, b"null", b"null"
        if event_type == "purchase":
            bought, cents = self._catalogue.sale()
            item, amount = bought.name, b'"%b"' % decimals((cents,))[0]
        engagement = b'"actionTime":"%b","profileId":%b,"purchasedItem":%b,"purchaseAmount":%b' % (
            moment,
            visit.profile,
            item,
            amount,
        )
        return cents, engagement
