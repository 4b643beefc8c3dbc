"""webhook-ingest as a process, before a real broker."""

from collections.abc import Iterator

import httpx2
import pytest
from processes import Served, serve


@pytest.fixture
def ingest(nats_url: str) -> Iterator[Served]:
    """Run webhook-ingest until the test ends."""
    environment = {"NATS_URL": nats_url, "HOST": "127.0.0.1"}
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


@pytest.fixture
def client(ingest: Served) -> Iterator[httpx2.Client]:
    """Return a client of webhook-ingest."""
    with httpx2.Client(base_url=ingest.url, timeout=30) as client:
        yield client
