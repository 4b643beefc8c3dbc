"""Collectors end when nothing happens and wake with the next event."""

from builders import facebook, tiktok
from stack import Stack, until

UP_OPTIONS = ("--idle", "1.5")
COLLECTORS = ("fb-consume", "ttk-consume")


def test_zero_and_back(stack: Stack) -> None:
    assert stack.post([facebook(), tiktok()]).json()["accepted"] == 2
    stack.settle(2)
    counted = stack.counters()
    assert counted["fb_collector_events_processed_total"] == 1
    for wakened in range(2):
        until(lambda: all(stack.replicas(name) == 0 for name in COLLECTORS))
        assert not stack.processes("fb-consume")
        quiet = stack.counters()
        assert all(quiet[name] >= value for name, value in counted.items())
        stack.post(facebook())
        stack.settle(3 + wakened)
        counted = stack.counters()
        assert all(counted[name] >= value for name, value in quiet.items())
        assert counted["fb_collector_events_processed_total"] == 2 + wakened
        assert stack.replicas("fb-consume") == 1
        assert stack.replicas("ttk-consume") == 0
