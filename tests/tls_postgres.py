"""A PostgreSQL that speaks TLS: the system's own, for the wheel's is built without OpenSSL."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from certificates import Authority
from psycopg import OperationalError, connect

from infra.local.ports import PortBook
from infra.local.postgres_server import let_through, system_user
from infra.local.programs import Program, Server
from infra.local.servers import RunningServer

HOST = "localhost"
PASSWORD = "secret-of-the-owner"  # noqa: S105 - of a server that is gone with the test
_DEBIAN = Path("/usr/lib/postgresql")
_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
shared_buffers = '32MB'
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{key}'
log_min_error_statement = panic
"""


@dataclass(frozen=True, slots=True)
class TlsServer:
    """The server, whose certificate is for `localhost` alone; no connection is without TLS."""

    port: int
    authority: Authority

    def url(self, host: str = HOST, user: str = "hookstream", **parameters: str) -> str:
        """Return a URL that demands TLS of this authority unless it says something else."""
        query = urlencode(self.demanding | parameters)
        return f"postgresql://{user}:{PASSWORD}@{host}:{self.port}/hookstream?{query}"

    @property
    def demanding(self) -> dict[str, str]:
        """Return the parameters with which a client takes this server and no other."""
        return {"sslmode": "verify-full", "sslrootcert": str(self.authority.file)}


def binaries() -> Path:
    """Return the folder of a PostgreSQL's programs; skips the test where none is installed."""
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    program = str(found[-1]) if found else shutil.which("postgres")
    if program is None:
        pytest.skip("no PostgreSQL with TLS is installed (Debian: apt-get install postgresql)")
    return Path(program).resolve().parent


@contextmanager
def tls_server(state: Path) -> Iterator[TlsServer]:
    """Run a server until the block ends."""
    programs = binaries()
    user = system_user()
    folder = state / "tls"
    folder.mkdir()
    if user is not None:
        let_through(folder)
    authority = Authority(folder)
    pair = authority.issue("server", HOST)
    port = PortBook(state / "ports.json").choose("tls")
    data = folder / "data"
    (folder / "password").write_text(PASSWORD)
    for path in (folder, folder / "password", pair.key):
        if user is not None:
            shutil.chown(path, user)
    options = (
        *("-U", "hookstream", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        f"--pwfile={folder / 'password'}",
    )
    initdb = (str(programs / "initdb"), "-D", str(data), *options)
    _run(Program("initdb", initdb, state / "initdb.log", cwd=folder, user=user))
    said = _CONFIGURATION.format(port=port, certificate=pair.certificate, key=pair.key)
    (data / "postgresql.conf").write_text(said)
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    program = Program(
        name="postgres",
        argv=(str(programs / "postgres"), "-D", str(data)),
        log=state / "tls.log",
        cwd=data,
        user=user,
        stop_signal=signal.SIGINT,
    )
    found = TlsServer(port, authority)
    running = RunningServer(Server(program=program, url="", ready=lambda: _answers(found)))
    running.start()
    try:
        with connect(found.url().replace("/hookstream?", "/postgres?"), autocommit=True) as owner:
            owner.execute("create database hookstream")
        yield found
    finally:
        running.stop()


def _run(program: Program) -> None:
    done = subprocess.run(
        program.command(),
        env=dict(program.env),
        cwd=program.cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _answers(server: TlsServer) -> bool:
    try:
        connect(server.url().replace("/hookstream?", "/postgres?"), connect_timeout=2).close()
    except OperationalError:
        return False
    return True
