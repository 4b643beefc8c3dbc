"""What the embedded server does between taking a message and acknowledging it, by strace."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from nats.js import JetStreamContext
from stack import until
from streams import with_jetstream

from infra.local.nats_server import nats_server
from infra.local.ports import PortBook
from infra.local.programs import Server
from shared.stream.topology import ensure_streams

MESSAGES = 20
SYNC_ALWAYS = "  sync_interval: always\n"
CALLS = "trace=write,writev,pwrite64,pwritev,fsync,fdatasync"


@pytest.fixture(scope="module")
def strace() -> str:
    """Return the program; skips where it is missing or may not trace."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([program, "-o", "/dev/null", "true"], check=False, capture_output=True)
    if tried.returncode != 0:
        pytest.skip(f"strace may not trace here: {tried.stderr.decode().strip()}")
    return program


def test_each_message_is_synced_before_its_acknowledgement(strace: str, state: Path) -> None:
    trace = _traced(strace, nats_server(state, PortBook(state / "ports.json")), state)
    assert _synced(trace) == [True] * MESSAGES


def test_the_default_sync_interval_acknowledges_unsynced(strace: str, state: Path) -> None:
    server = nats_server(state, PortBook(state / "ports.json"))
    configuration = state / "nats.conf"
    text = configuration.read_text()
    assert SYNC_ALWAYS in text
    configuration.write_text(text.replace(SYNC_ALWAYS, ""))
    assert not all(_synced(_traced(strace, server, state)))


def _traced(strace: str, server: Server, state: Path) -> list[str]:
    """Return the system calls of a server that takes messages."""
    trace = state / "trace"
    command = [strace, "-f", "-y", "-s", "400", "-o", str(trace), "-e", CALLS, *server.program.argv]
    with _running(command):
        until(server.ready)
        asyncio.run(ensure_streams(server.url))
        with_jetstream(server.url, _publish)
    return trace.read_text().splitlines()


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    """Run a command under strace, and stop what it traces."""
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        for traced in psutil.Process(tracer.pid).children():
            traced.terminate()
        tracer.wait(20)


async def _publish(js: JetStreamContext) -> None:
    for number in range(1, MESSAGES + 1):
        ack = await js.publish("events.facebook", b"marker-%d!" % number)
        assert ack.seq == number


def _synced(trace: list[str]) -> list[bool]:
    """Say for each message whether its file was synced after the write and before the ack."""
    return [_synced_before_ack(trace, number) for number in range(1, MESSAGES + 1)]


def _synced_before_ack(trace: list[str], number: int) -> bool:
    stored = _first(trace, rf"pwritev?(64)?\(\d+<.*\.blk>.*marker-{number}!")
    acked = _first(trace, rf'\\"stream\\":\\"EVENTS\\",\\"seq\\":{number}[,}}]')
    assert stored < acked
    syncing = ""
    for line in trace[stored:acked]:
        thread = line.split(" ", 1)[0]
        if re.search(r"f(data)?sync\(\d+<.*\.blk>", line):
            syncing = thread
        if thread == syncing and re.search(r"f(data)?sync.*\) += 0$", line):
            return True
    return False


def _first(trace: list[str], pattern: str) -> int:
    """Return the index of the first line that matches."""
    return next(index for index, line in enumerate(trace) if re.search(pattern, line))
