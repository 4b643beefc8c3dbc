"""TLS to PostgreSQL as connection strings ask for it, before a server that takes nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from certificates import Authority
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from tls_postgres import PASSWORD, TlsServer, tls_server
from typer.testing import CliRunner

from infra.cli import app
from infra.local.ports import PortBook
from infra.local.servers import Servers
from shared.errors import Problem
from shared.settings import Settings
from shared.store.kinds import KINDS, urls_by_logins
from shared.store.pool import Connection, Database
from shared.store.roles import establish

CONFIRMED = "select ssl and version >= 'TLSv1.2' from pg_stat_ssl where pid = pg_backend_pid()"
LOGINS = {kind: f"secret-of-the-{kind}" for kind in KINDS}


@pytest.fixture(scope="module")
def server(scratch: Path) -> Iterator[TlsServer]:
    """Run a server with a migrated database and the logins until the module ends."""
    state = scratch / "tls-postgres"
    state.mkdir()
    with tls_server(state) as running:
        done = CliRunner().invoke(app, ["migrate", "--database-url", running.url()])
        assert done.exit_code == 0, done.output
        establish(running.url(), LOGINS)
        yield running


async def confirmed(connection: Connection) -> TupleRow | None:
    cursor = await connection.execute(CONFIRMED)
    return await cursor.fetchone()


def is_encrypted(url: str) -> bool:
    """Say whether the pool's connection is, as the server sees it. Raises Problem."""

    async def ask() -> bool:
        database = Database(Settings(database_url=url, database_timeout=5), "test")
        await database.open()
        try:
            return await database.glance(confirmed) == (True,)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_a_url_that_verifies_the_server(server: TlsServer) -> None:
    assert is_encrypted(server.url())


def test_keywords_and_values(server: TlsServer) -> None:
    text = make_conninfo("", **conninfo_to_dict(server.url()))
    assert "sslmode=verify-full" in text
    assert is_encrypted(text)


def test_several_servers_of_which_the_first_is_away(server: TlsServer, tmp_path: Path) -> None:
    away = PortBook(tmp_path / "ports.json").choose("away")
    assert is_encrypted(server.url().replace("@", f"@127.0.0.1:{away},"))


def test_libpq_s_variables(server: TlsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in server.demanding.items():
        monkeypatch.setenv(f"PG{name.upper()}", text)
    plain = server.url().partition("?")[0]
    assert is_encrypted(plain)
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere")
    with pytest.raises(Problem, match="database_unavailable"):
        is_encrypted(plain)


@pytest.mark.parametrize("kind", KINDS)
def test_logins_go_by_the_owners_parameters(server: TlsServer, kind: str) -> None:
    url = urls_by_logins(server.url(), LOGINS)[kind]
    assert is_encrypted(url)
    with psycopg.connect(url) as connection:
        assert connection.info.user == kind
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from api_keys")


def test_a_login_whose_password_changed_is_mended(server: TlsServer) -> None:
    new = {"reader": "another-secret"}
    assert not works(server, new)
    establish(server.url(), new)
    assert works(server, new)
    assert not works(server, LOGINS)
    establish(server.url(), LOGINS)
    assert works(server, LOGINS)


def works(server: TlsServer, logins: dict[str, str]) -> bool:
    try:
        psycopg.connect(urls_by_logins(server.url(), logins)["reader"]).close()
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False
    return True


def refusal(url: str) -> str:
    """Return what `hookstream migrate` says, which the pool does not get past either."""
    done = CliRunner().invoke(app, ["migrate", "--database-url", url])
    assert done.exit_code == 1, done.output
    assert PASSWORD not in done.output
    with pytest.raises(Problem, match="database_unavailable"):
        is_encrypted(url)
    return done.stderr


def test_another_authority_is_refused(server: TlsServer, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    assert "certificate verify failed" in refusal(server.url(sslrootcert=str(other.file)))


def test_a_certificate_of_another_name_is_refused(server: TlsServer) -> None:
    assert "does not match host name" in refusal(server.url(host="127.0.0.1"))


def test_the_server_takes_nobody_without_tls(server: TlsServer) -> None:
    assert "no encryption" in refusal(server.url(sslmode="disable", sslrootcert=""))


def test_a_server_without_tls_is_refused(servers: Servers, server: TlsServer) -> None:
    url = make_conninfo(servers.postgres.url, **server.demanding)
    assert "server does not support SSL" in refusal(url)
