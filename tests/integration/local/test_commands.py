"""The commands, as a person or a script uses them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from integration.local.stacks import function

from infra.local.servers import Servers
from infra.local.state import StateDir, wait_until

COMMAND = (
    "import typer; from infra.commands import stack; app = typer.Typer();"
    "[app.command()(each) for each in (stack.up, stack.down, stack.status)]; app()"
)


def hookstream(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, *arguments]
    given = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=given)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    state = tmp_path / "state"
    yield state
    hookstream("down", "--state-dir", str(state))


def test_up_status_and_down(state: Path) -> None:
    where = ("--state-dir", str(state))
    up = hookstream("up", "--detach", "--json", "--port", "0", "--idle", "3", *where)
    assert up.returncode == 0, up.stderr
    started = json.loads(up.stdout)
    assert {"gateway", "nats", "database", "metrics"} <= started.keys()

    again = hookstream("up", "--detach", "--json", *where)
    assert (again.returncode, json.loads(again.stdout)["gateway"]) == (0, started["gateway"])

    status = hookstream("status", "--json", *where)
    shown = json.loads(status.stdout)
    assert (status.returncode, shown["state"]) == (0, "running")
    assert shown["gateway"] == started["gateway"]
    assert {each["name"]: each["idleSeconds"] for each in shown["functions"]}["fb-consume"] == 3

    table = hookstream("status", *where)
    assert all(text in table.stdout for text in (started["gateway"], "webhook-ingest", "postgres"))

    down = hookstream("down", "--json", *where)
    assert (down.returncode, json.loads(down.stdout)["wasRunning"]) == (0, True)
    assert hookstream("status", *where).returncode == 3
    assert hookstream("down", *where).returncode == 0


def test_servers_that_are_given_are_used_and_not_stopped(
    state: Path, servers: Servers, nats_url: str, empty_database_url: str
) -> None:
    where = ("--state-dir", str(state))
    given = {"NATS_URL": nats_url, "DATABASE_URL": empty_database_url}
    up = hookstream("up", "--detach", "--json", "--port", "0", *where, **given)
    assert up.returncode == 0, up.stderr
    started = json.loads(up.stdout)
    assert (started["nats"], started["database"]) == (nats_url, empty_database_url)
    assert not {"nats", "postgres"} & {each["name"] for each in started["processes"]}
    assert hookstream("down", *where).returncode == 0
    assert servers.nats.server.ready()
    assert servers.postgres.server.ready()


def test_up_as_containers_have_it(
    state: Path, nats_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "nats-url").write_text(f"{nats_url}\n")
    (secrets / "database-url").write_text(f"{empty_database_url}\n")
    options = ("--port", "0", "--host", "0.0.0.0", "--no-connector", "--state-dir", str(state))  # noqa: S104 - what is tested
    up = hookstream("up", "--detach", "--json", *options, SECRETS_DIR=str(secrets))
    assert up.returncode == 0, up.stderr
    started = json.loads(up.stdout)
    assert (started["nats"], started["database"]) == (nats_url, empty_database_url)
    running = {each["name"]: each["pid"] for each in started["processes"]}
    assert running.keys() == {"supervisor", "gateway", "queue-worker", "webhook-ingest-1"}
    [listening] = [
        found.laddr.ip
        for found in psutil.Process(running["gateway"]).net_connections()
        if found.status == psutil.CONN_LISTEN
    ]
    assert listening == "0.0.0.0"  # noqa: S104 - what is tested


def test_up_in_the_foreground_runs_until_it_is_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text("functions:\n" + function("one", minimum="1"))
    where = ["--state-dir", str(tmp_path / "state"), "--stack", str(file), "--port", "0"]
    command = [sys.executable, "-c", COMMAND, "up", *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        assert up.stdout.readline().startswith("gateway    http://127.0.0.1:")
        os.kill(up.pid, signal.SIGINT)
        assert up.wait(60) == 0
    assert StateDir(tmp_path / "state").read_status()["processes"] == []


def test_up_says_why_it_cannot(state: Path, tmp_path: Path) -> None:
    for how in ((), ("--detach",)):
        missing = ("--stack", str(tmp_path / "none.yaml"))
        up = hookstream("up", *how, *missing, "--state-dir", str(state))
        assert (up.returncode, up.stdout) == (1, "")
        assert up.stderr.strip() == f"{tmp_path / 'none.yaml'} does not exist"


def test_a_start_that_is_interrupted_leaves_nothing_running(state: Path) -> None:
    where = ("--state-dir", str(state), "--port", "0")
    command = [sys.executable, "-c", COMMAND, "up", "--detach", *where]
    with subprocess.Popen(command) as up:
        directory = StateDir(state)
        assert wait_until(lambda: directory.read_status()["state"] == "starting", 20)
        os.kill(up.pid, signal.SIGINT)
        assert up.wait(60) != 0
    assert directory.read_status()["processes"] == []


def test_nothing_runs_where_nothing_was_started(tmp_path: Path) -> None:
    where = ("--state-dir", str(tmp_path / "none"))
    assert hookstream("status", *where).returncode == 3
    assert hookstream("down", *where).stdout.startswith("nothing was running")
    assert not (tmp_path / "none").exists()
