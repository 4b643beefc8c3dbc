"""PostgreSQL with a standby that has each commit before its client hears of it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from stack import until

from infra.local.ports import HOST, PortBook, free_port
from infra.local.postgres_server import postgres_binaries, postgres_server
from infra.local.programs import Program, Server
from infra.local.servers import RunningServer

_MAY_REPLICATE = "alter role hookstream replication; grant pg_monitor to hookstream;"
_ACCESS = f"host replication all {HOST}/32 scram-sha-256\n"
_SYNCHRONOUS = "synchronous_standby_names = '*'\n"
_FOLLOWS = "select from pg_stat_replication where state = 'streaming' and sync_state = 'sync'"


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary and its standby; `url` names both, the standby first."""

    primary: RunningServer
    standby: RunningServer
    url: str

    def fail_over(self) -> None:
        """Have the standby take writes; the primary has to be gone (pg_ctl promote, by hand)."""
        (self._folder / "promote").touch()
        os.kill(self.standby.pid, signal.SIGUSR1)
        until(lambda: not _found(self.standby.url, "select where pg_is_in_recovery()"))

    @property
    def _folder(self) -> Path:
        folder = self.standby.server.program.cwd
        assert folder is not None
        return folder


@contextmanager
def primary_and_standby(state: Path) -> Iterator[Pair]:
    """Run both on free ports until the block ends."""
    server = postgres_server(state, PortBook(state / "ports.json"), shared_buffers="32MB")
    program = server.program
    data = state / "postgres" / "data"
    _single_user(program, data)
    with (data / "pg_hba.conf").open("a") as access, (data / "postgresql.conf").open("a") as conf:
        access.write(_ACCESS)
        conf.write(_SYNCHRONOUS)
    with ExitStack() as closing:
        primary = RunningServer(server)
        standby = RunningServer(server)
        closing.callback(standby.kill)
        # Before the standby: without it the primary's last commits would wait for ever.
        closing.callback(primary.kill)
        primary.start()
        standby.server = _copied(server, state)
        standby.start()
        until(lambda: _found(primary.url, _FOLLOWS))
        yield Pair(primary, standby, _both(standby.url, primary.url))


def _single_user(program: Program, data: Path) -> None:
    """Give the role what only the superuser may, who cannot log in."""
    single = (str(postgres_binaries() / "postgres"), "--single", "-D", str(data), "postgres")
    subprocess.run(
        replace(program, argv=single, stop_signal=signal.SIGKILL).command(),
        input=_MAY_REPLICATE,
        env=dict(program.env),
        cwd=data,
        text=True,
        capture_output=True,
        check=True,
    )


def _copied(server: Server, state: Path) -> Server:
    """Return a standby, made from a running primary."""
    port, data = free_port(), state / "postgres" / "standby"
    password = (state / "pgpass").read_text().strip().rpartition(":")[2]
    copy = (str(postgres_binaries() / "pg_basebackup"), "-d", server.url, "-D", str(data), "-R")
    subprocess.run(
        (*copy, "--checkpoint=fast", "--no-sync"),
        env={**server.program.env, "PGPASSWORD": password},
        capture_output=True,
        check=True,
    )
    if server.program.user is not None:
        _give(data, server.program.user)
    postgres = (str(postgres_binaries() / "postgres"), "-D", str(data), "-p", str(port))
    program = replace(
        server.program,
        name="standby",
        argv=(*postgres, "-c", "synchronous_standby_names="),
        cwd=data,
        log=state / "logs" / "standby.log",
    )
    own = urlsplit(server.url).port
    url = server.url.replace(f":{own}/", f":{port}/")
    return Server(program=program, url=url, ready=lambda: _found(url, "select"))


def _give(folder: Path, user: str) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user)


def _found(url: str, statement: str) -> bool:
    """Say whether the server answers, and has a row to that."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute(statement.encode()).fetchone() is not None
    except psycopg.OperationalError:
        return False


def _both(first: str, second: str) -> str:
    """Return the first URL with the other's server beside its own."""
    own = f"{HOST}:{urlsplit(first).port}"
    return first.replace(own, f"{own},{HOST}:{urlsplit(second).port}", 1)
