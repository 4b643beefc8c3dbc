"""A history in real servers, made by the real connector and collectors."""

import pytest
import streams
from builders import facebook, tiktok
from records import Servers


@pytest.fixture
def records(nats_url: str, database_url: str) -> Servers:
    """Return the test's servers, empty."""
    return Servers(nats_url, database_url)


@pytest.fixture
def history(records: Servers) -> Servers:
    """Return servers with stored, repeated and rejected events of both sources."""
    url = records.nats_url
    purchases = [
        facebook("checkout.complete", purchaseAmount=f"{number}.01") for number in range(20)
    ]
    streams.publish(url, "facebook", [purchases, [facebook() for _ in range(30)], purchases[:5]])
    streams.publish(url, "facebook", [[facebook(), facebook(age=-1), 7]])
    streams.publish(url, "tiktok", [[tiktok("purchase"), tiktok()], [tiktok() for _ in range(10)]])
    records.process()
    return records
