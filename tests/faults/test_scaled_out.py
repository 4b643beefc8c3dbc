"""Two connectors and two replicas of each collector: exactly once, also when one of each dies."""

import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from load import FORM, Ledger, Load, running
from nats.js import JetStreamContext
from processes import Served, serve
from stack import Stack, until
from streams import with_jetstream

from infra.local.stackfile import DEFAULT_STACK
from shared.events.model import SOURCES
from shared.stream.packing import subject
from shared.stream.topology import EVENTS, consumer_name

ACK_WAIT = 3.0
TAKEN_OVER = 5.0
"""Seconds beyond the ack wait in which what the dead ones held is stored."""


@pytest.fixture
def two_replicas(state: Path) -> Path:
    """Return the stack file with two replicas of each collector at all times."""
    text, found = re.subn(
        r"(fb-consume: &collector.*?scale-min: )\"0\"",
        r'\1"2"',
        DEFAULT_STACK.read_text(),
        flags=re.DOTALL,
    )
    assert found == 1
    path = state / "stack.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def scaled(
    own_stack: Stack, two_replicas: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """Run a stack, and a second connector, which is returned."""
    monkeypatch.setenv("ACK_WAIT", str(ACK_WAIT))
    own_stack.up("--stack", str(two_replicas))
    urls = own_stack.urls
    environment = {
        "NATS_URL": urls["nats"],
        "DATABASE_URL": urls["database"],
        "FUNCTIONS_URL": f"{urls['gateway']}/function",
    }
    with serve("infra.connector", environment=environment) as second:
        yield second


@pytest.mark.timeout(FORM.limit)
def test_the_others_take_over(
    own_stack: Stack, scaled: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger()
    with Load(own_stack, ledger) as load:
        load.go_on(20)
        assert len(running(own_stack, "fb-consume")) >= 2
        assert len(running(own_stack, "ttk-consume")) >= 2
        # Frozen first, so that it certainly dies with messages that it was given.
        scaled.process.send_signal(signal.SIGSTOP)
        load.go_on(20)
        scaled.process.kill()
        for name in ("fb-consume", "ttk-consume"):
            psutil.Process(running(own_stack, name)[0]).kill()
        accepted = _last_stored(own_stack)
        died = time.monotonic()
        until(lambda: _all_processed(own_stack, accepted), ACK_WAIT + TAKEN_OVER)
        with capsys.disabled():
            sys.stdout.write(f"taken over {time.monotonic() - died:.2f} s after the deaths\n")
        load.go_on()
    ledger.prove(own_stack)


def _last_stored(stack: Stack) -> dict[str, int]:
    """Return each source's newest sequence in the stream."""

    async def look(js: JetStreamContext) -> dict[str, int]:
        found = {source: await js.get_last_msg(EVENTS, subject(source)) for source in SOURCES}
        return {source: message.seq or 0 for source, message in found.items()}

    return with_jetstream(stack.urls["nats"], look)


def _all_processed(stack: Stack, upto: dict[str, int]) -> bool:
    """Say whether every message up to these sequences is acknowledged."""

    async def look(js: JetStreamContext) -> bool:
        for source, sequence in upto.items():
            floor = (await js.consumer_info(EVENTS, consumer_name(source))).ack_floor
            if floor is None or floor.stream_seq < sequence:
                return False
        return True

    return with_jetstream(stack.urls["nats"], look)
