"""Real servers for the whole session, an own database and empty streams for each test."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from databases import empty_database

from infra.local.servers import Servers, embedded
from shared.store.migrations import migrate
from shared.store.roles import grant
from shared.stream.topology import ensure_streams


@pytest.fixture(scope="session")
def servers(scratch: Path) -> Iterator[Servers]:
    """Run nats-server and PostgreSQL on free ports until the session ends."""
    with embedded(scratch / "servers") as running:
        yield running


@pytest.fixture
def empty_database_url(servers: Servers) -> Iterator[str]:
    """Return the URL of an empty database of the test's own."""
    with empty_database(servers.postgres.url) as url:
        yield url


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """Return the owner's URL of a migrated database of the test's own; its logins have rights."""
    migrate(empty_database_url)
    grant(empty_database_url)
    return empty_database_url


@pytest.fixture
def nats_url(servers: Servers) -> str:
    """Return the URL of a broker whose streams are new and empty."""
    asyncio.run(_renew(servers.nats.url))
    return servers.nats.url


async def _renew(url: str) -> None:
    connection = await nats.connect(url)
    js = connection.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    await connection.close()
    await ensure_streams(url)
