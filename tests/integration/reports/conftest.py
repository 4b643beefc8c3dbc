"""One migrated database and open reports for the folder's tests."""

from collections.abc import Iterator

import psycopg
import pytest
from databases import empty_database
from integration.reports.asking import Reports
from integration.reports.storing import clear

from infra.local.servers import Servers
from shared.store.migrations import migrate
from shared.store.roles import grant


@pytest.fixture(scope="package")
def report_url(servers: Servers) -> Iterator[str]:
    """Return the URL of the folder's database."""
    with empty_database(servers.postgres.url) as url:
        migrate(url)
        grant(url)
        yield url


@pytest.fixture(scope="package")
def reports(report_url: str) -> Iterator[Reports]:
    """Return the reports over the folder's database."""
    with Reports.over(report_url) as opened:
        yield opened


@pytest.fixture(scope="package")
def tables(report_url: str) -> Iterator[psycopg.Connection]:
    """Return a connection of its own to the folder's database."""
    with psycopg.connect(report_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _empty(tables: psycopg.Connection) -> None:
    clear(tables)
