"""Collectors that end and wake all the time, events coming at the worst moments."""

import sys
import time
from collections.abc import Callable
from statistics import median

import pytest
from builders import facebook, tiktok
from load import FORM, Ledger
from stack import Stack, until

from infra.local.state import StateDir

COLLECTORS = ("fb-consume", "ttk-consume")
COLD_START = 5.0
"""Seconds that an event may take into the reports: a cold start, on a busy machine."""


@pytest.mark.timeout(FORM.limit)
def test_from_zero_and_back_with_events_at_the_worst_moments(
    own_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    own_stack.up("--idle", "0.5")
    ledger = Ledger()
    moments = (_draining, _gone, _starting)
    waits: list[float] = []
    for cycle in range(FORM.cycles):
        _post(own_stack, ledger)
        if cycle % len(moments) == 2:
            until(lambda: _gone(own_stack))
            _post(own_stack, ledger)
        moment = moments[cycle % len(moments)]
        until(lambda moment=moment: moment(own_stack), COLD_START)  # type: ignore[misc]  # binds now
        _post(own_stack, ledger)
        posted = time.monotonic()
        own_stack.settle(ledger.counts.total(), COLD_START)
        waits.append(time.monotonic() - posted)
    with capsys.disabled():
        sys.stdout.write(f"waited {max(waits):.2f} s at most, {median(waits):.2f} s mostly\n")
    ledger.prove(own_stack)


Moment = Callable[[Stack], bool]


def _post(stack: Stack, ledger: Ledger) -> None:
    events = [facebook("checkout.complete"), tiktok()]
    assert stack.post(events).json()["accepted"] == len(events)
    ledger.add(events)


def _states(stack: Stack) -> list[str]:
    """Return the states of the collectors' processes."""
    listed = StateDir(stack.state).read_status()["processes"]
    return [p["state"] for p in listed if p["name"].startswith(COLLECTORS)]


def _draining(stack: Stack) -> bool:
    """Say whether a collector is being stopped, or was a moment ago."""
    return "stopping" in _states(stack) or _gone(stack)


def _gone(stack: Stack) -> bool:
    return not _states(stack)


def _starting(stack: Stack) -> bool:
    """Say whether a collector has been started for the event before."""
    return bool(_states(stack))
