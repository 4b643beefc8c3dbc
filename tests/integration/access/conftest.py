"""Every function as a process that asks for keys, and a key of each scope."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import nats
import pytest
from databases import empty_database, login
from processes import Served, serve
from typer.testing import CliRunner

from infra.cli import app
from infra.connector.key_copying import KeyCopier
from infra.local.logins import OF_ROLES
from infra.local.servers import Servers
from shared.settings import Settings
from shared.store.migrations import migrate
from shared.store.pool import Database
from shared.store.roles import grant
from shared.stream.connection import Broker
from shared.stream.topology import ensure_streams

FUNCTIONS = (
    "webhook-ingest",
    "report-events",
    "report-revenue",
    "report-demographics",
    "report-funnel",
    "report-dashboard",
    "deadletter",
    "fb-consume",
    "ttk-consume",
)
DELIVERY_KEY = "only-the-connector"


@dataclass(frozen=True, slots=True)
class Guarded:
    """The functions by name, and where their keys are."""

    functions: dict[str, Served]
    database_url: str
    nats_url: str

    def keys(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """Run `hookstream keys`, and let the broker know as the connector does."""
        given = ["keys", *arguments, "--database-url", self.database_url, "--json"]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == expect, done.output
        asyncio.run(copy(self.nats_url, self.database_url))
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    def create(self, *arguments: str) -> str:
        """Return the text of a new key."""
        return str(self.keys("create", "test", *arguments)["key"])


def _database(function: str, url: str) -> dict[str, str]:
    """Return what a function is told of the database."""
    kind = OF_ROLES.get(function)
    return {} if kind is None else {"DATABASE_URL": login(url, kind)}


async def copy(nats_url: str, database_url: str) -> None:
    database = Database(Settings(database_url=login(database_url, "connector")), "test")
    broker = Broker(nats_url, "test")
    broker.start()
    await database.open()
    try:
        await KeyCopier(broker, database).copy()
    finally:
        await broker.close()
        await database.close()


async def empty_broker(url: str) -> None:
    connection = await nats.connect(url)
    js = connection.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    await connection.close()
    await ensure_streams(url)


@pytest.fixture(scope="module")
def guarded(servers: Servers) -> Iterator[Guarded]:
    """Run every function with AUTH=keys."""
    asyncio.run(empty_broker(servers.nats.url))
    with empty_database(servers.postgres.url) as url, ExitStack() as closing:
        migrate(url)
        grant(url)
        environment = {
            "NATS_URL": servers.nats.url,
            "AUTH": "keys",
            "DELIVERY_KEY": DELIVERY_KEY,
        }
        functions = {
            name: closing.enter_context(
                serve(
                    "shared.serve",
                    name,
                    environment={**environment, **_database(name, url)},
                    ready=False,
                )
            )
            for name in FUNCTIONS
        }
        for served in functions.values():
            served.ready()
        yield Guarded(functions, url, servers.nats.url)


@pytest.fixture(scope="module")
def keys(guarded: Guarded) -> dict[str, str]:
    """Return a key of each scope, by the scope."""
    return {
        scope: guarded.create("--scope", scope) for scope in ("ingest", "report", "ops", "admin")
    }
