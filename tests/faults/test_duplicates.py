"""Every event five times, in any order, from several publishers: each counts once."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from builders import facebook, tiktok
from rigs import Rig

COPIES = 5
PUBLISHERS = 4
UNIQUE = 2_000
SIZES = (1, 7, 60, 100, 450, 1_500)


def requests(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut events into requests of changing sizes."""
    cut: list[list[dict[str, Any]]] = []
    while events:
        size = SIZES[len(cut) % len(SIZES)]
        cut.append(events[:size])
        events = events[size:]
    return cut


def test_five_copies_from_four_publishers(rig: Rig) -> None:
    at_random = random.Random(5)
    unique = [
        facebook("checkout.complete", purchaseAmount=f"{number}.25")
        if number % 2
        else tiktok("purchase", purchaseAmount=f"0.{number:04}")
        for number in range(UNIQUE)
    ]
    copies = unique * COPIES
    at_random.shuffle(copies)
    shares = [copies[start::PUBLISHERS] for start in range(PUBLISHERS)]

    def publish(share: list[dict[str, Any]]) -> int:
        answers = [rig.stack.post(request) for request in requests(share)]
        return sum(int(answer.json()["accepted"]) for answer in answers)

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        assert sum(pool.map(publish, shares)) == UNIQUE * COPIES
    rig.ledger.add(unique)
    rig.ledger.prove(rig.stack)
