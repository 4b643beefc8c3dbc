"""TLS to NATS: both sides show who they are, or nothing is said."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from nats.errors import Error as NatsError
from nats.errors import SecureConnWantedError
from tls_nats import TlsServer, tls_server

from infra.reconciling.reading import connect as connect_once
from shared.errors import Problem
from shared.stream.connection import Broker


@pytest.fixture(scope="session")
def server(scratch: Path) -> Iterator[TlsServer]:
    """Run a server that asks its clients for no certificate."""
    with tls_server(scratch / "tls", verify=False) as running:
        yield running


@pytest.fixture(scope="session")
def mutual(scratch: Path) -> Iterator[TlsServer]:
    """Run a server that does."""
    with tls_server(scratch / "mutual", verify=True) as running:
        yield running


def come(url: str) -> str:
    """Connect as a component does, and return the cipher's protocol, or why there is none."""

    async def connected() -> str:
        broker = Broker(url, "test")
        broker.start()
        try:
            async with asyncio.timeout(20):
                while True:
                    try:
                        client = await broker.available(patience=0.05)
                    except Problem as problem:
                        if "refuses" in problem.detail:
                            return problem.detail
                    else:
                        await client.flush()
                        spoken = client._transport._io_writer.get_extra_info("ssl_object")  # type: ignore[union-attr]
                        return str(spoken and spoken.version())
        finally:
            await broker.close()

    return asyncio.run(connected())


def parameters(server: TlsServer, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any parameter
    return {**server.login("ingest"), "sslrootcert": server.authority.file, **more}


@pytest.mark.parametrize("scheme", ["tls", "nats"])
def test_what_is_said_is_encrypted(server: TlsServer, scheme: str) -> None:
    assert come(server.url(parameters(server), scheme)) == "TLSv1.3"


def test_an_authority_of_somebody_else_is_refused(
    server: TlsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = Authority(tmp_path, "theirs").file
    said = come(server.url(parameters(server, sslrootcert=theirs)))
    assert "TLS" in said
    assert "CERTIFICATE_VERIFY_FAILED" in said
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(line)["fields"]["code"] == "broker_refused"


def test_the_systems_authorities_do_not_know_it(server: TlsServer) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in come(server.url(server.login("ingest")))


def test_a_certificate_for_another_host_is_refused(server: TlsServer) -> None:
    said = come(server.url(parameters(server), host="localhost"))
    assert "doesn't match" in said or "not valid for" in said


def test_a_client_that_speaks_plainly_is_refused(server: TlsServer) -> None:
    async def spoken() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await reader.readline()
        password = (server.users.folder / "ingest").read_text()
        writer.write(b'CONNECT {"user":"ingest","pass":"%s"}\r\nPING\r\n' % password.encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    assert b"PONG" not in asyncio.run(spoken())


def test_no_login_is_sent_in_plain_to_a_server_of_tls() -> None:
    """Somebody in between says that the server does not encrypt."""
    heard: list[bytes] = []

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576}\r\n')
        heard.append(await reader.read())
        writer.close()

    async def lured() -> None:
        listener = await asyncio.start_server(pretend, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener:
            with pytest.raises(SecureConnWantedError):
                await connect_once(f"tls://ingest:secret@127.0.0.1:{port}")

    asyncio.run(lured())
    assert heard == [b""]


def test_both_sides_show_a_certificate(mutual: TlsServer) -> None:
    shown = {"sslcert": mutual.client.certificate, "sslkey": mutual.client.key}
    assert come(mutual.url(parameters(mutual, **shown))) == "TLSv1.3"


def test_a_client_without_a_certificate_is_refused(mutual: TlsServer) -> None:
    async def once() -> None:
        with pytest.raises((NatsError, OSError)):
            await connect_once(mutual.url(parameters(mutual)))

    asyncio.run(once())
    assert "TLS" in come(mutual.url(parameters(mutual)))


def test_a_client_with_a_certificate_of_somebody_else_is_refused(
    mutual: TlsServer, tmp_path: Path
) -> None:
    theirs = Authority(tmp_path, "theirs").issue("client")
    shown = {"sslcert": theirs.certificate, "sslkey": theirs.key}
    assert "TLS" in come(mutual.url(parameters(mutual, **shown)))


def test_tls_does_not_stand_for_a_login(server: TlsServer) -> None:
    said = come(server.url({"sslrootcert": server.authority.file}))
    assert "authorization violation" in said.lower()
