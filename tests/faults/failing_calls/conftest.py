"""Servers for loops of failing calls."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import empty_database
from loops import renew
from processes import Served, serve
from records import Servers
from scripted import ScriptedFunction, scripted_function

from infra.local.servers import Servers as Running
from infra.local.servers import embedded
from shared.store.migrations import migrate
from shared.store.roles import grant


@pytest.fixture(scope="package")
def running(scratch: Path) -> Iterator[Running]:
    """Run a broker and a database for all loops."""
    with embedded(scratch / "failing-calls") as running:
        yield running


@pytest.fixture
def records(running: Running) -> Iterator[Servers]:
    """Return the servers with a database and streams of the test's own."""
    with empty_database(running.postgres.url) as url:
        migrate(url)
        grant(url)
        asyncio.run(renew(running.nats.url))
        yield Servers(running.nats.url, url)


@pytest.fixture
def function() -> Iterator[ScriptedFunction]:
    """Serve a scripted function until the test ends."""
    with scripted_function() as function:
        yield function


@pytest.fixture
def collector(records: Servers) -> Iterator[Served]:
    """Run a real collector."""
    environment = {"DATABASE_URL": records.database_url}
    with serve("shared.serve", "fb-consume", environment=environment) as served:
        yield served
