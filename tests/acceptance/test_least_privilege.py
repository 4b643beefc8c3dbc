"""A stack whose processes have the rights on NATS that they need, and no other's password."""

import asyncio
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from builders import facebook, tiktok
from deploy.faas_cli import FaasCli
from nats.errors import Error as NatsError
from stack import Stack
from streams import wait_until_processed
from tls_nats import tls_server

from infra.local.nats_users import USERS, anonymous
from shared.stream.address import connect


@pytest.fixture
def stack(state: Path) -> Iterator[Stack]:
    stack = Stack(state / "stack")
    yield stack
    stack.down()


def passwords(folder: Path) -> dict[str, str]:
    assert sorted(path.name for path in folder.iterdir()) == sorted(USERS)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    return {path.name: path.read_text() for path in folder.iterdir()}


def refused(stack: Stack) -> list[str]:
    """Return the lines of the logs that tell of something that NATS refused."""
    logs = (stack.state / "logs").glob("*.log")
    lines = (line for log in logs for line in log.read_text().splitlines())
    return [line for line in lines if "violation" in line.lower() or "broker_refused" in line]


def test_a_stack_needs_no_right_that_it_has_not(stack: Stack) -> None:
    urls = stack.up()
    found = passwords(stack.state / "nats-users")
    assert len(set(found.values())) == len(USERS)
    assert min(map(len, found.values())) > 30
    stack.post([facebook(), tiktok(), {"bad": True}])
    stack.settle(2)
    listed = stack.command("deadletter", "ls", "--json")
    assert '"missing_field"' in listed
    stack.command("reconcile")
    shown = stack.command("status", "--json") + stack.command("status")
    commands = " ".join(" ".join(process.cmdline()) for process in family(stack))
    written = [log.read_text() for log in (stack.state / "logs").glob("*.log")]
    for password in found.values():
        assert password not in shown
        assert password not in commands
        assert not any(password in text for text in written)
    assert refused(stack) == []
    check_environments(stack)
    with pytest.raises(NatsError, match=r"(?i)authorization violation"):
        asyncio.run(connect(anonymous(urls["nats"]), allow_reconnect=False, error_cb=ignore))


async def ignore(_: Exception) -> None:
    """Leave it to the call that fails."""


def family(stack: Stack) -> list[psutil.Process]:
    return [process for name in ("", "supervisor") for process in stack.processes(name)]


def check_environments(stack: Stack) -> None:
    """Check that each process has its own URL and no other's."""
    for name in ("connector", "gateway", "queue-worker"):
        [process] = stack.processes(name)
        environment = process.environ()
        assert f"user={name}&" in environment["NATS_URL"]
        others = [user for user in USERS if user != name]
        assert not any(f"user={user}&" in text for text in environment.values() for user in others)
    mounts = {path.name: sorted(p.name for p in path.iterdir()) for path in mounted(stack)}
    assert mounts["webhook-ingest"] == ["nats-url-ingest"]
    assert not any("nats" in name for name in mounts["fb-consume"] + mounts["report-events"])
    text = (stack.state / "mounts" / "webhook-ingest" / "nats-url-ingest").read_text()
    assert "user=ingest&" in text


def mounted(stack: Stack) -> list[Path]:
    return list((stack.state / "mounts").iterdir())


def test_a_state_directory_of_before_there_were_users_works(stack: Stack) -> None:
    stack.up()
    faas = FaasCli(stack.urls["gateway"])
    faas.deploy(
        "webhook-ingest",
        image="hookstream:latest",
        envProcess="python -m shared.serve webhook-ingest",
        secrets=["nats-url"],
    )
    stack.post(facebook())
    stack.settle(1)
    stack.down()
    shutil.rmtree(stack.state / "nats-users")
    stack.up()
    passwords(stack.state / "nats-users")
    stack.post(tiktok())
    stack.settle(2)
    assert refused(stack) == []


def test_users_and_tls_on_a_server_of_somebody_else(
    stack: Stack, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(state / "nats", verify=True) as server:
        files = {
            "sslrootcert": server.authority.file,
            "sslcert": server.client.certificate,
            "sslkey": server.client.key,
        }
        url = server.url(server.login("operator") | files)
        monkeypatch.setenv("NATS_LOGINS", server.logins)
        stack.up("--nats-url", url)
        stack.post([facebook(), tiktok(), {"bad": True}])
        stack.settle(2)
        wait_until_processed(url, "facebook", "tiktok")
        stack.command("reconcile")
        assert '"missing_field"' in stack.command("deadletter", "ls", "--json")
        [worker] = stack.processes("queue-worker")
        assert "//queue-worker:" in worker.environ()["NATS_URL"]
        assert "NATS_LOGINS" not in worker.environ()
        assert refused(stack) == []
        stack.down()


def test_logins_of_users_that_there_are_not(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_LOGINS", "ingest:secret,somebody:secret")
    with pytest.raises(AssertionError, match="NATS_LOGINS: wanted is USER:PASSWORD") as failed:
        stack.up("--nats-url", "nats://127.0.0.1:1")
    assert "secret" not in str(failed.value).partition("NATS_LOGINS")[2]
