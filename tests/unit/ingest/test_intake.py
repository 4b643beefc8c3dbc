"""How a large request's events are judged, and how many packs it has under way at once."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import facebook, tiktok
from msgspec import structs

from functions.webhook_ingest.intake import IN_FLIGHT, SLICE, TOGETHER, Intake, Rejection
from shared.settings import Settings
from shared.stream.packing import Origin, Pack

EVENTS = 4 * IN_FLIGHT
LIMITS = Settings(pack_max_events=1)


def test_packs_wait_for_a_slot_before_they_are_put_together() -> None:
    under_way: set[int] = set()
    most = 0
    stored = 0

    async def publish(pack: Pack) -> None:
        nonlocal most, stored
        under_way.add(id(pack))
        most = max(most, len(under_way))
        for _ in range(EVENTS):
            await asyncio.sleep(0)
        under_way.remove(id(pack))
        stored += pack.events

    async def take() -> int:
        events = [json.dumps(facebook()).encode() for _ in range(EVENTS)]
        origin = Origin("test", datetime.now(UTC))
        accepted, _ = await Intake(publish, LIMITS).take(b"", events, origin)
        return accepted

    assert asyncio.run(take()) == stored == EVENTS
    assert most == IN_FLIGHT


def mixed(number: int) -> list[bytes]:
    """Return events of both sources, some invalid, some with a name that misleads."""
    rng = random.Random(number)
    kinds: list[Callable[[], dict[str, Any]]] = [
        facebook,
        tiktok,
        lambda: facebook(age=151),
        lambda: tiktok(followers=-1),
        lambda: facebook(name="tiktok"),
        lambda: tiktok(eventId="x" * 600, videoId="ж"),
        dict,
    ]
    chosen = rng.choices(kinds, [40, 40, 1, 1, 1, 1, 1], k=number)
    return [json.dumps(kind()).encode() for kind in chosen]


@pytest.mark.parametrize("number", [TOGETHER - 1, TOGETHER, SLICE, SLICE + 1, 3 * SLICE - 7])
def test_events_of_a_large_request_are_judged_as_if_alone(number: int) -> None:
    events = mixed(number)
    packs: list[Pack] = []

    async def publish(pack: Pack) -> None:
        packs.append(pack)

    async def take(raws: list[bytes]) -> tuple[int, list[Rejection]]:
        origin = Origin("test", datetime.now(UTC))
        return await Intake(publish, Settings()).take(b"".join(raws), raws, origin)

    async def take_each() -> list[tuple[int, list[Rejection]]]:
        return [await take([raw]) for raw in events]

    each = asyncio.run(take_each())
    expected = stored_events(packs)
    packs.clear()
    accepted, rejections = asyncio.run(take(events))
    assert stored_events(packs) == expected
    assert accepted == sum(count for count, _ in each) == sum(pack.events for pack in packs)
    alone = [
        structs.replace(rejection, index=index)
        for index, (_, found) in enumerate(each)
        for rejection in found
    ]
    assert rejections == alone
    assert 0 < len(rejections) < number


def stored_events(packs: list[Pack]) -> Counter[tuple[str, str]]:
    return Counter(
        (pack.source, json.dumps(event)) for pack in packs for event in json.loads(pack.payload)
    )
