"""A backlog that grew while the collectors were away is drained in bounded memory."""

import json
import sys
import time

import pytest
from load import FORM, dead_letters, reconciled
from memory import Memory
from processes import free_port
from proxies import Fault, proxy
from stack import Stack, until
from streams import unprocessed

MOST_MEMORY = 256.0
"""MiB that a process of the stack may take, nats-server and PostgreSQL apart."""


@pytest.mark.timeout(FORM.limit)
def test_a_backlog_is_drained_in_bounded_memory(
    own_stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with proxy(port) as collectors:
        for name in ("fb-consume", "ttk-consume"):
            variable = f"{name.replace('-', '_').upper()}_URL"
            monkeypatch.setenv(variable, f"http://127.0.0.1:{collectors.port}/function/{name}")
        monkeypatch.setenv("RETRY_MAX", "1")
        own_stack.up("--port", str(port))
        with Memory(own_stack) as memory:
            with collectors.broken(Fault.CUT):
                started = time.monotonic()
                accepted = _publish(own_stack, FORM.backlog)
                published = time.monotonic()
                assert own_stack.total_events() == 0
                waiting = [unprocessed(own_stack.urls["nats"], s) for s in ("facebook", "tiktok")]
                assert min(waiting) > 0
            until(lambda: own_stack.total_events() >= accepted, FORM.limit / 2)
            drained = time.monotonic()
    with capsys.disabled():
        sys.stderr.write(
            f"\n{accepted:,} events: published in {published - started:.1f} s,"
            f" drained in {drained - published:.1f} s; MiB at most: {_rounded(memory.peaks)}\n"
        )
    assert own_stack.total_events() == accepted
    assert dead_letters(own_stack) == 0
    found = reconciled(own_stack)
    assert found["holds"]
    assert sum(source["stored"] for source in found["sources"]) == accepted
    assert {name: most for name, most in memory.peaks.items() if most > MOST_MEMORY} == {}


def _publish(stack: Stack, number: int) -> int:
    """Publish as the public publisher does, valid events only; return how many were accepted."""
    options = ("--profile", "andriiuni", "--invalid", "0", "--no-prove", "--json")
    told = json.loads(stack.command("publish", "-n", str(number), *options, timeout=FORM.limit))
    assert told["unique"]["accepted"] == number
    return number


def _rounded(peaks: dict[str, float]) -> dict[str, int]:
    return {name: round(most) for name, most in sorted(peaks.items())}
