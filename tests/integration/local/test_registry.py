"""Processes that outlive whoever noted them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.local import daemon
from infra.local.registry import Identity, Registry
from infra.local.state import StateDir

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(flush=True)
time.sleep(600)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    program = "import time; print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_leftover_is_stopped_with_its_own_signal(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    Registry(tmp_path / "processes.json").add("postgres", sleeper.pid, signal.SIGINT)
    told: list[str] = []
    found = Registry(tmp_path / "processes.json")
    found.stop_leftovers(20, told.append)
    assert sleeper.wait() == -signal.SIGINT
    assert told == [f"stopping what was left behind: postgres ({sleeper.pid})"]
    assert Registry(tmp_path / "processes.json").running() == []


def test_what_a_full_disk_did_not_take_is_written_later(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    path = tmp_path / "processes.json"
    registry = Registry(path)
    obstacle = tmp_path / ".processes.json.new"
    obstacle.mkdir()
    registry.add("nats", sleeper.pid, signal.SIGTERM)
    obstacle.rmdir()
    assert Registry(path).running() == []
    registry.catch_up()
    assert [entry.pid for entry in Registry(path).running()] == [sleeper.pid]


def test_a_leftover_is_shown_by_the_status(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    state = StateDir(tmp_path)
    Registry(state.registry).add("nats", sleeper.pid, signal.SIGTERM)
    status = state.read_status()
    assert status["state"] == "stopped"
    assert status["processes"] == [{"name": "nats", "pid": sleeper.pid, "state": "left behind"}]
    assert daemon.stop(state) is True
    assert sleeper.wait() == -signal.SIGTERM


def test_a_leftover_that_does_not_obey_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        registry = Registry(tmp_path / "processes.json")
        registry.add("stubborn", stubborn.pid, signal.SIGTERM)
        registry.stop_leftovers(0.2, lambda _: None)
        assert stubborn.wait() == -signal.SIGKILL


def test_another_process_with_the_same_id_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    earlier = Identity.of("nats", sleeper.pid)
    stale = msgspec.structs.replace(earlier, created=earlier.created - 3600)
    (tmp_path / "processes.json").write_bytes(msgspec.json.encode([stale]))
    registry = Registry(tmp_path / "processes.json")
    registry.stop_leftovers(20, lambda _: None)
    assert sleeper.poll() is None
