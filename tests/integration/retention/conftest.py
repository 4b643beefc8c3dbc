"""Servers whose rows may expire."""

import asyncio
from collections.abc import Callable

import pytest
from databases import login
from records import Servers

from infra.connector.row_retention import RowRetentionKeeper
from shared.settings import Settings
from shared.store.pool import Database

Expire = Callable[[int], None]


@pytest.fixture
def records(nats_url: str, database_url: str) -> Servers:
    """Return the test's servers, empty."""
    return Servers(nats_url, database_url)


@pytest.fixture
def expire(database_url: str) -> Expire:
    """Return what lets rows older than so many days expire, as the connector does."""

    async def once(days: int) -> None:
        database = Database(Settings(database_url=login(database_url, "connector")), "test")
        await database.open()
        try:
            await RowRetentionKeeper(database, days).expire()
        finally:
            await database.close()

    return lambda days: asyncio.run(once(days))
