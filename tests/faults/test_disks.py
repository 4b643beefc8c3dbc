"""Disks that run full under load, and get space again: no operator, nothing lost."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from disks import Disk, small_disk
from load import FORM, Ledger, Load
from stack import Stack, until

from shared.settings import MIB

BACK = 45.0
"""Seconds after which a stack serves again once there is space; restarts wait at most 15."""


@pytest.fixture
def disks(own_stack: Stack) -> Iterator[ExitStack]:
    """Return where a test mounts its disks: they go once the stack is down."""
    with ExitStack() as mounts:
        yield mounts
        own_stack.down()


@pytest.fixture
def whole_disk(own_stack: Stack, disks: ExitStack) -> Disk:
    """Return the disk of all that a stack keeps."""
    return disks.enter_context(small_disk(own_stack.state, 256))


def restarts(stack: Stack, name: str) -> int:
    [found] = [p for p in stack.status()["processes"] if p["name"] == name]
    return int(found["restarts"])


def logged(stack: Stack, text: str) -> int:
    """Return how often the stack's logs hold a text."""
    logs = (stack.state / "logs").glob("*.log")
    return sum(len(re.findall(text, log.read_text(errors="replace"))) for log in logs)


def accepted_again(load: Load) -> None:
    """Return when requests are accepted that began from now on."""
    back = time.monotonic()
    until(lambda: load.accepted_since(back) > 0, BACK)


def refused_while_full(load: Load, seconds: float) -> None:
    """Fail if a request that begins from now on is accepted."""
    now = time.monotonic()
    load.go_on_for(seconds)
    assert load.accepted_since(now) == 0


@pytest.mark.timeout(FORM.limit)
def test_the_reserve_is_kept(
    own_stack: Stack, whole_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_DISK_RESERVE", str(64 * MIB))
    own_stack.up()
    ledger = Ledger()
    with Load(own_stack, ledger) as load:
        load.go_on()
        whole_disk.fill(leave=48 * MIB)
        until(lambda: own_stack.post([]).status_code == 503, 5)
        answer = own_stack.post([])
        assert answer.json()["code"] == "stream_full"
        assert int(answer.headers["retry-after"]) >= 1
        refused_while_full(load, FORM.outage / 2)
        assert whole_disk.available > 32 * MIB
        whole_disk.free()
        accepted_again(load)
        load.go_on()
    assert restarts(own_stack, "nats") == 0
    ledger.prove(own_stack)


@pytest.mark.timeout(FORM.limit)
def test_the_stream_s_disk_is_full(
    own_stack: Stack, disks: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_DISK_RESERVE", "0")
    disk = disks.enter_context(small_disk(own_stack.state / "nats", 64))
    own_stack.up()
    ledger = Ledger()
    with Load(own_stack, ledger) as load:
        load.go_on()
        disk.fill()
        until(lambda: load.answers[-1].status != 200)
        refused_while_full(load, FORM.outage)
        disk.free()
        accepted_again(load)
        load.go_on()
    assert restarts(own_stack, "nats") == 1
    ledger.prove(own_stack)


@pytest.mark.timeout(FORM.limit)
@pytest.mark.parametrize(
    ("folder", "size", "sign"),
    [
        ("data", 1024, "database_full"),
        ("data/pg_wal", 1024, "PANIC:.*No space left on device"),
    ],
    ids=["tables", "write-ahead log"],
)
def test_postgresql_s_disk_is_full(
    own_stack: Stack,
    disks: ExitStack,
    folder: str,
    size: int,
    sign: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RETRY_AFTER_MAX", "2")  # a collector asks for 30 s then
    own_stack.up()
    own_stack.down()
    disk = disks.enter_context(small_disk(own_stack.state / "postgres" / folder, size))
    own_stack.up()
    ledger = Ledger()
    with Load(own_stack, ledger, senders=1) as load:
        load.go_on()
        disk.fill()
        since = time.monotonic()
        until(lambda: logged(own_stack, sign) > 0, 60)
        load.go_on_for(FORM.outage)
        assert {answer.status for answer in load.between(since, time.monotonic())} == {200}
        disk.free()
        load.go_on()
    ledger.prove(own_stack, timeout=60)


@pytest.mark.timeout(FORM.limit)
def test_everything_is_on_one_full_disk(
    own_stack: Stack, whole_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_DISK_RESERVE", "0")
    own_stack.up()
    ledger = Ledger()
    with Load(own_stack, ledger, timeout=5) as load:
        load.go_on()
        whole_disk.fill()
        until(lambda: load.answers[-1].status != 200)
        refused_while_full(load, FORM.outage)
        whole_disk.free()
        accepted_again(load)
        load.go_on()
    ledger.prove(own_stack)
    until(lambda: own_stack.status()["state"] == "running")
