"""Mixed faults on a mixed load, for a long time; then the ledger holds, and no memory has grown.

`make soak` runs it for a quarter of an hour. SOAK_MINUTES and SOAK_SEED choose otherwise.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.soak.mishaps import Mishaps
from faults.soak.mixture import Mixture
from load import Ledger, reconciled
from memory import Memory
from rigs import Rig, rigged
from streams import messages, wait_until_processed

MINUTES = float(os.environ.get("SOAK_MINUTES", "0.25"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.randrange(1, 2**31)

CALM_FROM = 2 / 3
"""The part of the soak after which no process of the stack is killed any more."""
GROWTH, SLACK = 1.1, 8.0
"""A process's last third may take so many times its second third, and so many MiB more."""
LONG_LIVED = ("supervisor", "gateway", "connector", "webhook-ingest-")
JUDGED_FROM = 2.0
"""Minutes from which a soak says something about memory."""

Tell = Callable[[str], None]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Tell:
    """Return what prints a line of progress at once."""
    begun = time.monotonic()

    def line(text: str) -> None:
        with capfd.disabled():
            sys.stderr.write(f"\n[{time.monotonic() - begun:6.1f} s] {text}")
            sys.stderr.flush()

    return line


@pytest.fixture
def soaked(state: Path, tell: Tell) -> Iterator[Rig]:
    """Return a rig whose collectors end after a second without work."""
    tell(f"{MINUTES:g} minutes, SOAK_SEED={SEED}")
    with rigged(state, "--idle", "1") as rig:
        yield rig


@pytest.mark.timeout(MINUTES * 60 + 600)
def test_the_ledger_holds_after_all_of_it(soaked: Rig, tell: Tell) -> None:
    ledger, at_random = Ledger(), random.Random(SEED)
    begun = time.monotonic()
    with Memory(soaked.stack, interval=1) as memory:
        with Mixture(soaked.stack, ledger, SEED) as load:
            mishaps = Mishaps(soaked, ledger, load.go_on_for, at_random)
            load.go_on()
            while (passed := (time.monotonic() - begun) / 60) < MINUTES:
                deadly = mishaps.deadly() if passed < MINUTES * CALM_FROM else []
                name, happen = at_random.choice([*deadly * 2, *mishaps.others()])
                tell(
                    f"{ledger.counts.total():>9,} accepted, {len(load.refused):>5,} refused; {name}"
                )
                happen()
                load.go_on()
        tell(f"{ledger.counts.total():,} events accepted; proving")
        wait_until_processed(soaked.servers.nats.url, "facebook", "tiktok", timeout=120)
        letters = _letters(soaked)
        assert load.kept | mishaps.poisoned <= letters, "a dead letter is missing"
        assert letters <= load.refused | mishaps.poisoned, "a dead letter is nobody's"
        ledger.prove(soaked.stack, timeout=120, letters=len(letters))
    tell(json.dumps(reconciled(soaked.stack)["sources"]))
    tell(f"MiB at most: { {name: round(most) for name, most in sorted(memory.peaks.items())} }")
    if MINUTES >= JUDGED_FROM:
        _assert_flat(memory, tell)


def _letters(rig: Rig) -> set[str]:
    """Return the ids of the events that are dead letters; fails if one is there twice."""
    ids = [
        json.loads(message.data or b"")["eventId"]
        for message in messages(rig.servers.nats.url, "DEADLETTER")
    ]
    assert len(ids) == len(set(ids))
    return set(ids)


def _assert_flat(memory: Memory, tell: Tell) -> None:
    """Compare the second with the last third of the life of each process that is there at last."""
    last = {name.rstrip("0123456789"): samples for (name, _), samples in memory.samples.items()}
    grown = []
    for name in LONG_LIVED:
        samples = last[name]
        third = len(samples) // 3
        before, after = map(statistics.median, (samples[third:-third], samples[-third:]))
        tell(f"{name}: {before:.1f} MiB in its second third, {after:.1f} in its last")
        if after > before * GROWTH + SLACK:
            grown.append(name)
    assert grown == []
