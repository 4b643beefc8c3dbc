"""One whole stack: what dies comes back, what is stopped is gone, what was stored stays."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from integration.local.stacks import PATIENCE, Stack

from infra.local import daemon
from infra.local.options import Options
from infra.local.state import AlreadyRunningError, StateDir, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(state_dir=tmp_path_factory.mktemp("whole") / "state", port=0)
    stack = Stack(StateDir(options.state_dir), options)
    daemon.start(options, lambda _: None)
    yield stack
    daemon.stop(stack.state)


def pids(status: dict[str, Any]) -> list[int]:
    return [each["pid"] for each in status["processes"] if each["pid"]]


def alive(process_ids: list[int]) -> list[str]:
    """Return the names of those that still run."""
    names = []
    for pid in process_ids:
        try:
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                names.append(process.name())
        except psutil.NoSuchProcess:
            continue
    return names


def test_every_process_and_every_url_is_in_the_status(stack: Stack) -> None:
    status = stack.status()
    assert status["state"] == "running"
    assert {"gateway", "nats", "database", "metrics"} <= status.keys()
    names = {"supervisor", "nats", "postgres", "gateway", "connector", "webhook-ingest-1"}
    assert names <= stack.processes().keys()
    children = psutil.Process(stack.processes()["supervisor"]["pid"]).children()
    assert {child.pid for child in children} <= set(pids(status))
    assert stack.function("webhook-ingest")["replicas"] == 1
    assert stack.function("fb-consume")["url"] == f"{stack.url}/function/fb-consume"


def test_no_file_of_the_state_but_one_holds_the_password(stack: Stack) -> None:
    password = (stack.state.root / "pgpass").read_text().strip().rpartition(":")[2]
    telling = [
        path.name
        for path in stack.state.root.rglob("*")
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert telling == ["pgpass"]


@pytest.mark.parametrize("name", ["nats", "postgres", "connector", "gateway"])
def test_what_is_killed_is_started_again(stack: Stack, name: str) -> None:
    before = stack.processes()[name]
    os.kill(before["pid"], signal.SIGKILL)
    stack.wait(lambda: stack.processes()[name]["restarts"] == before["restarts"] + 1)
    stack.wait(lambda: stack.processes()[name]["state"] == "running")
    after = stack.processes()[name]
    assert after["pid"] != before["pid"]
    assert after["lastExit"].startswith("SIGKILL at ")
    assert after["nextAttempt"] is None
    stack.wait(lambda: stack.status()["state"] == "running")


def test_two_stacks_do_not_share_a_state_directory(stack: Stack) -> None:
    with pytest.raises(AlreadyRunningError, match="already running on"):
        stack.state.lock()
    with pytest.raises(daemon.StartError, match="already running on"):
        daemon.start(stack.options, lambda _: None)
    assert stack.status()["state"] == "running"


def test_a_port_that_is_taken_is_named(stack: Stack, tmp_path: Path) -> None:
    taken = int(stack.url.rpartition(":")[2])
    options = Options(state_dir=tmp_path / "state", port=taken)
    with pytest.raises(daemon.StartError, match=f"port {taken} for gateway is in use"):
        daemon.start(options, lambda _: None)
    assert StateDir(options.state_dir).read_status()["state"] == "stopped"


def test_a_stack_whose_functions_cannot_start_leaves_nothing_running(tmp_path: Path) -> None:
    stack_file = tmp_path / "stack.yaml"
    stack_file.write_text("functions: {one: {fprocess: 'python -c 1/0'}}")
    options = Options(state_dir=tmp_path / "state", stack=stack_file, port=0, pipeline=False)
    with pytest.raises(daemon.StartError, match=r"(?s)one keeps ending.*ZeroDivisionError"):
        daemon.start(options, lambda _: None)
    assert StateDir(options.state_dir).read_status()["processes"] == []


def start_and_kill(options: Options, step: str) -> None:
    """Kill a supervisor when its start has come to a step."""
    state = StateDir(options.state_dir)
    command = [sys.executable, "-P", "-m", "infra.local"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as up:
        assert up.stdin is not None
        up.stdin.write(options.encode())
        up.stdin.close()
        assert wait_until(lambda: step in state.read_status().get("progress", ""), PATIENCE)
        up.kill()


def test_a_start_that_is_killed_at_any_step_is_no_obstacle_to_the_next(tmp_path: Path) -> None:
    options = Options(state_dir=tmp_path / "state", port=0)
    for step in ("starting PostgreSQL", "applying migrations", "starting gateway"):
        start_and_kill(options, step)
    status = daemon.start(options, lambda _: None)
    state = StateDir(options.state_dir)
    daemon.stop(state)
    assert status["state"] == "running"
    assert [path.name for path in (state.root / "postgres").iterdir()] == ["data"]


def test_a_supervisor_that_is_killed_leaves_no_obstacle_and_no_orphan(stack: Stack) -> None:
    with psycopg.connect(stack.status()["database"]) as connection:
        connection.execute("create table kept as select 7 as answer")
    before = stack.status()
    supervisor = stack.processes()["supervisor"]["pid"]
    os.kill(supervisor, signal.SIGKILL)
    after = daemon.start(stack.options, lambda _: None)
    assert alive(pids(before)) == []
    assert {name: after[name] for name in ("gateway", "nats", "database")} == {
        name: before[name] for name in ("gateway", "nats", "database")
    }
    with psycopg.connect(after["database"]) as connection:
        assert connection.execute("select answer from kept").fetchone() == (7,)


def test_down_stops_every_process_and_may_be_repeated(stack: Stack) -> None:
    running = pids(stack.status())
    assert daemon.stop(stack.state) is True
    assert alive(running) == []
    assert stack.status()["state"] == "stopped"
    assert daemon.stop(stack.state) is False
