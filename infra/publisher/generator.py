"""The generator: a profile's events, cut into batches, with duplicates and corruptions added."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from infra.publisher.andriiuni import AndriiuniProfile
from infra.publisher.batch import Batch
from infra.publisher.corruptions import corrupt
from infra.publisher.kinds import INVALID
from infra.publisher.minted import Minted, Profile
from infra.publisher.realistic import RealisticProfile
from infra.publisher.timeline import (
    LiveTimeline,
    Timeline,
    WindowTimeline,
    count_of,
    disorder,
    render,
)
from infra.publisher.trails import Trail

PROFILES: Final = ("realistic", "andriiuni")
_EVENTS_PER_USER: Final = 12
_FEWEST_USERS, _MOST_USERS = 50, 50_000
_REPEATABLE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make. Shares are 0..1; times are milliseconds (since the epoch).

    `number` counts the events sent, duplicates included; None never ends. `invalid` None leaves it
    to the profile. `window` 0 means real time. `at` stands still the clock; with it and a seed, two
    runs make the very same bytes.
    """

    profile: str = "realistic"
    number: int | None = 10_000
    batch: tuple[int, int] = (500, 500)
    facebook_share: float = 0.5
    duplicates: float = 0.0
    disorder: float = 0.0
    invalid: float | None = None
    seed: int | None = None
    window: int = 0
    at: int | None = None


@dataclass(frozen=True, slots=True)
class _Original:
    """An event that may be sent again."""

    event: bytes
    kind: int
    cents: int | None
    number: int


def _profile(plan: Plan, rng: Random) -> Profile:
    if plan.profile == "andriiuni":
        return AndriiuniProfile(rng, plan.facebook_share)
    users = (plan.number or _MOST_USERS * _EVENTS_PER_USER) // _EVENTS_PER_USER
    return RealisticProfile(rng, plan.facebook_share, min(max(users, _FEWEST_USERS), _MOST_USERS))


def _timeline(plan: Plan, rng: Random) -> Timeline:
    at = plan.at
    if plan.window and plan.number:
        end = now() if at is None else at
        return WindowTimeline(rng, plan.number, plan.window, end)
    return LiveTimeline(now if at is None else lambda: at)


def now() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Generator:
    """Makes a plan's batches, the same ones for the same seed (and clock)."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rng = Random(plan.seed)  # noqa: S311 - test data, not secrets
        self._profile = _profile(plan, self._rng)
        self._timeline = _timeline(plan, self._rng)
        self._originals: Trail[_Original] = Trail(self._rng, _REPEATABLE)
        self._minted = 0

    def batches(self) -> Iterator[Batch]:
        """Yield batches until the plan's number of events is reached."""
        made = 0
        while self._plan.number is None or made < self._plan.number:
            size = self._rng.randint(*self._plan.batch)
            if self._plan.number is not None:
                size = min(size, self._plan.number - made)
            yield self.batch(size)
            made += size

    def batch(self, size: int) -> Batch:
        """Return the next batch, of `size` events."""
        repeats = self._repeats(size)
        fresh = size - repeats
        moments = self._timeline.take(fresh)
        if self._plan.disorder:
            disorder(self._rng, moments, self._plan.disorder)
        minted = self._profile.mint(render(moments))
        self._corrupt(minted)
        first = self._minted
        self._minted += fresh
        batch = Batch(minted.events, minted.kinds, minted.amounts, range(first, first + fresh))
        return self._repeat(batch, repeats) if self._plan.duplicates else batch

    def _repeats(self, size: int) -> int:
        wanted = count_of(self._rng, self._plan.duplicates, size)
        return wanted if self._originals else min(wanted, size - 1)

    def _corrupt(self, minted: Minted) -> None:
        for index in self._to_corrupt(len(minted.events)):
            event, corruption = corrupt(self._rng, minted.events[index], minted.kinds[index])
            minted.events[index] = event
            if not corruption.stays_valid:
                minted.kinds[index] = INVALID
                minted.amounts.pop(index, None)

    def _to_corrupt(self, n: int) -> list[int]:
        share = self._plan.invalid
        if share is not None:
            return self._rng.sample(range(n), count_of(self._rng, share, n))
        return [n - 1] if n and self._rng.random() < self._profile.corrupts_last else []

    def _repeat(self, batch: Batch, repeats: int) -> Batch:
        """Remember the batch's events, and put repetitions of earlier ones between them."""
        items = [
            _Original(event, kind, batch.amounts.get(index), number)
            for index, (event, kind, number) in enumerate(
                zip(batch.events, batch.kinds, batch.numbers, strict=True)
            )
        ]
        for item in items:
            if item.kind != INVALID:
                self._originals.add(item)
        for _ in range(repeats):
            again = self._originals.pick() if self._originals else self._rng.choice(items)
            items.insert(self._rng.randint(0, len(items)), again)
        return Batch(
            events=[item.event for item in items],
            kinds=bytearray(item.kind for item in items),
            amounts={at: item.cents for at, item in enumerate(items) if item.cents is not None},
            numbers=[item.number for item in items],
            duplicates=repeats,
        )
