"""A stack each of whose processes is the login of its kind in the database."""

import signal
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import httpx2
import psycopg
import pytest
from builders import facebook, tiktok
from deploy.faas_cli import FaasCli
from stack import Stack, until
from tls_postgres import tls_server

from infra.local.logins import OF_ROLES, passfile
from infra.local.ports import PortBook
from infra.local.postgres_server import postgres_server
from shared.store.kinds import KINDS

USERS = {f"hookstream {role}": kind for role, kind in OF_ROLES.items()} | {
    "hookstream connector": "connector"
}
WORKERS = set(USERS) - {"hookstream report-demographics", "hookstream report-funnel"}
"""Those that check() has at work."""


def work(stack: Stack) -> None:
    """Have events stored, reported and proved."""
    before = stack.total_events()
    stack.post([facebook(), tiktok()])
    stack.settle(before + 2)
    stack.report("revenue")
    url = f"{stack.urls['gateway']}/function/report-dashboard/pipeline"
    until(lambda: httpx2.get(url, timeout=20).status_code == 200)
    stack.command("reconcile")


def logins(url: str) -> dict[str, set[str]]:
    """Return as whom the stack's processes are connected, by their names."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        for name, user in connection.execute(
            "select application_name, usename from pg_stat_activity"
            " where application_name like 'hookstream %'"
        ):
            found.setdefault(name, set()).add(user)
    return found


def check(stack: Stack) -> None:
    work(stack)
    connected = logins(stack.urls["database"])
    assert connected.keys() >= WORKERS
    assert {name: users for name, users in connected.items() if users != {USERS.get(name)}} == {}
    log = stack.state / "logs"
    refused = '"sqlstate":"42501"'  # bare digits are in times and ids as well
    assert not any(refused in path.read_text() for path in log.glob("*.log"))


def test_each_process_has_the_login_of_its_kind(own_stack: Stack) -> None:
    own_stack.up()
    check(own_stack)
    files = [passfile(own_stack.state, user) for user in ("hookstream", *KINDS)]
    passwords = {path.read_text().strip().rpartition(":")[2] for path in files}
    assert len(passwords) == len(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    [connector] = own_stack.processes("connector")
    assert "pgpass-connector" in connector.environ()["DATABASE_URL"]
    for name in ("gateway", "queue-worker", "webhook-ingest"):
        for process in own_stack.processes(name):
            assert "DATABASE_URL" not in process.environ()
    mounts = {p.name: {f.name for f in p.iterdir()} for p in (own_stack.state / "mounts").iterdir()}
    assert {name: {f for f in files if "database" in f} for name, files in mounts.items()} == {
        name: {f"database-url-{OF_ROLES[name]}"} if name in OF_ROLES else set() for name in mounts
    }


def test_a_state_directory_of_before_there_were_logins_gets_them(own_stack: Stack) -> None:
    own_stack.up()
    FaasCli(own_stack.urls["gateway"]).deploy(
        "fb-consume",
        image="hookstream:latest",
        envProcess="python -m shared.serve fb-consume",
        secrets=["database-url", "delivery-key"],
    )
    work(own_stack)
    own_stack.down()
    forget_logins(own_stack.state)
    own_stack.up()
    check(own_stack)


def forget_logins(state: Path) -> None:
    """Leave the data as a version before the logins left it: no roles, no password files."""
    postgres = postgres_server(state, PortBook(state / "ports.json")).program
    single = (postgres.argv[0], "--single", *postgres.argv[1:], "-c", "exit_on_error=true")
    program = replace(postgres, argv=(*single, "hookstream"), stop_signal=signal.SIGKILL)
    statements = [
        f"DROP OWNED BY {role};\nDROP ROLE {role};\n"
        for kind in KINDS
        for role in (kind, f"hookstream_{kind}")
    ]
    subprocess.run(
        program.command(),
        input="".join(statements),
        env=dict(program.env),
        cwd="/",
        text=True,
        check=True,
    )
    for kind in KINDS:
        passfile(state, kind).unlink()


def test_logins_and_tls_on_a_server_of_somebody_else(
    own_stack: Stack, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_server(state) as server:
        monkeypatch.setenv("DATABASE_LOGINS", ",".join(f"{kind}:secret-{kind}" for kind in KINDS))
        monkeypatch.setenv("DATABASE_URL", server.url())
        own_stack.up()
        own_stack.urls["database"] = server.url()
        check(own_stack)
        [connector] = own_stack.processes("connector")
        assert "DATABASE_LOGINS" not in connector.environ()
        own_stack.down()


def test_logins_that_there_are_not(own_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_LOGINS", "reader:secret,somebody:secret")
    with pytest.raises(AssertionError, match="DATABASE_LOGINS: wanted is LOGIN:PASS") as failed:
        own_stack.up("--database-url", "postgresql://127.0.0.1:1/hookstream")
    assert "secret" not in str(failed.value).partition("DATABASE_LOGINS")[2]
