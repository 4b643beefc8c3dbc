"""The embedded servers: real ones, safe ones, and ones that keep what they were given."""

import asyncio
import http.client
import json
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import nats
import psutil
import psycopg
import pytest
from nats.js.api import StreamConfig

from infra.local.ports import PortBook
from infra.local.postgres_server import postgres_server
from infra.local.programs import ServerFailedError
from infra.local.servers import RunningServer, Servers, embedded


async def publish(url: str) -> None:
    connection = await nats.connect(url)
    js = connection.jetstream()
    await js.add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
    await js.publish("kept", b"message")
    await connection.close()


async def stored(url: str) -> int:
    connection = await nats.connect(url)
    info = await connection.jetstream().stream_info("KEPT")
    await connection.close()
    return info.state.messages


def test_both_keep_their_data_over_a_kill_and_a_restart(tmp_path: Path) -> None:
    with embedded(tmp_path) as servers:
        asyncio.run(publish(servers.nats.url))
        with psycopg.connect(servers.postgres.url) as connection:
            connection.execute("create table kept as select 7 as answer")
        urls = (servers.nats.url, servers.postgres.url)
        servers.nats.kill()
        servers.postgres.kill()
        servers.nats.start()
        servers.postgres.start()
        assert asyncio.run(stored(servers.nats.url)) == 1
    with embedded(tmp_path) as servers:
        assert (servers.nats.url, servers.postgres.url) == urls
        assert asyncio.run(stored(servers.nats.url)) == 1
        with psycopg.connect(servers.postgres.url) as connection:
            assert connection.execute("select answer from kept").fetchone() == (7,)


def test_postgres_never_runs_as_root(servers: Servers) -> None:
    user = psutil.Process(servers.postgres.pid).username()
    assert user == ("pgserver" if os.geteuid() == 0 else psutil.Process().username())


def test_the_role_of_the_url_is_no_superuser_and_durability_is_on(servers: Servers) -> None:
    with psycopg.connect(servers.postgres.url) as connection:
        settings = {
            name: connection.execute(f"show {name}").fetchone()
            for name in ("is_superuser", "fsync", "synchronous_commit", "server_encoding")
        }
    assert settings == {
        "is_superuser": ("off",),
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "server_encoding": ("UTF8",),
    }


@pytest.mark.parametrize("role", ["hookstream", "postgres"])
def test_postgres_lets_nobody_in_without_the_password(servers: Servers, role: str) -> None:
    port = urlsplit(servers.postgres.url).port
    with pytest.raises(psycopg.OperationalError, match=r"no password|authentication failed"):
        psycopg.connect(f"postgresql://{role}@127.0.0.1:{port}/postgres?passfile=/dev/null")


def test_the_password_is_in_a_private_file_only(servers: Servers) -> None:
    program = servers.postgres.server.program
    passfile = program.log.parents[1] / "pgpass"
    password = passfile.read_text().strip().rpartition(":")[2]
    assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
    assert password not in servers.postgres.url
    assert password not in program.log.read_text()
    assert password not in " ".join(psutil.Process(servers.postgres.pid).cmdline())


def test_jetstream_fsyncs_before_it_acknowledges(servers: Servers) -> None:
    monitor = urlsplit(servers.nats.server.monitor)
    connection = http.client.HTTPConnection(monitor.netloc)
    connection.request("GET", "/jsz")
    config = json.loads(connection.getresponse().read())["config"]
    connection.close()
    assert config["sync_always"] is True


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = postgres_server(tmp_path, PortBook(tmp_path / "ports.json"), shared_buffers="64MB")
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(
        ServerFailedError, match=r"(?s)postgres ended with.*database files are incompatible"
    ):
        RunningServer(server).start()


def test_data_that_was_made_by_half_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with embedded(tmp_path) as servers, psycopg.connect(servers.postgres.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
