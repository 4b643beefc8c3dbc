"""The function as a process, before a database of the test's own."""

from collections.abc import Iterator

import httpx2
import psycopg
import pytest
from databases import login
from processes import serve


@pytest.fixture
def client(database_url: str) -> Iterator[httpx2.Client]:
    """Run the function and return a client of it."""
    environment = {"DATABASE_URL": login(database_url, "reader")}
    with (
        serve("shared.serve", "report-dashboard", environment=environment) as served,
        httpx2.Client(base_url=served.url, timeout=10) as client,
    ):
        yield client


@pytest.fixture
def tables(database_url: str) -> Iterator[psycopg.Connection]:
    """Return a connection of its own to the database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
