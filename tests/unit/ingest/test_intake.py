"""How many packs a large request has under way at once."""

import asyncio
import json
from datetime import UTC, datetime

from builders import facebook

from functions.webhook_ingest.intake import IN_FLIGHT, Intake
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
