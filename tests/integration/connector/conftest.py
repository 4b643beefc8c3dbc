"""The connector as a process, before a real broker and scripted functions."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from processes import Served, StartServed, serve
from scripted import ScriptedFunction, scripted_function


@pytest.fixture
def function() -> Iterator[ScriptedFunction]:
    """Serve a scripted function until the test ends."""
    with scripted_function() as function:
        yield function


@pytest.fixture
def start_connector(nats_url: str, database_url: str, function: ScriptedFunction) -> StartServed:
    """Return what starts a connector whose functions are the scripted one."""

    def start(**changes: str) -> AbstractContextManager[Served]:
        environment = {
            "NATS_URL": nats_url,
            "DATABASE_URL": database_url,
            "FB_CONSUME_URL": function.url,
            "TTK_CONSUME_URL": function.url,
            "RETRY_BASE": "0.05",
            "RETRY_MAX": "0.2",
            "ACK_WAIT": "2",
            **changes,
        }
        return serve("infra.connector", environment=environment)

    return start


@pytest.fixture
def connector(start_connector: StartServed) -> Iterator[Served]:
    """Run a connector until the test ends."""
    with start_connector() as served:
        yield served
