"""Broker, connector, collectors and database together, without the gateway."""

from collections.abc import Iterator

import pytest
from databases import login
from processes import serve


@pytest.fixture
def pipeline(nats_url: str, database_url: str) -> Iterator[None]:
    """Run the connector and both collectors until the test ends."""
    environment = {"NATS_URL": nats_url, "RETRY_BASE": "0.05"}
    collecting = {**environment, "DATABASE_URL": login(database_url, "collector")}
    with (
        serve("shared.serve", "fb-consume", environment=collecting) as facebook,
        serve("shared.serve", "ttk-consume", environment=collecting) as tiktok,
    ):
        urls = {"FB_CONSUME_URL": facebook.url, "TTK_CONSUME_URL": tiktok.url}
        urls["DATABASE_URL"] = login(database_url, "connector")
        with serve("infra.connector", environment={**environment, **urls}):
            yield
