"""Broker, connector, collectors and database together, without the gateway."""

from collections.abc import Iterator

import pytest
from processes import serve


@pytest.fixture
def pipeline(nats_url: str, database_url: str) -> Iterator[None]:
    """Run the connector and both collectors until the test ends."""
    environment = {"NATS_URL": nats_url, "DATABASE_URL": database_url, "RETRY_BASE": "0.05"}
    with (
        serve("shared.serve", "fb-consume", environment=environment) as facebook,
        serve("shared.serve", "ttk-consume", environment=environment) as tiktok,
    ):
        urls = {"FB_CONSUME_URL": facebook.url, "TTK_CONSUME_URL": tiktok.url}
        with serve("infra.connector", environment={**environment, **urls}):
            yield
