"""The connector as a process, before a real broker and scripted functions."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx2
import pytest
from databases import login
from processes import Served, StartServed, serve
from records import Servers
from scripted import Answer, Batch, ScriptedFunction, scripted_function

from shared.cloudevents import BATCH_TYPE


@pytest.fixture
def function() -> Iterator[ScriptedFunction]:
    """Serve a scripted function until the test ends."""
    with scripted_function() as function:
        yield function


@pytest.fixture
def connector_environment(
    nats_url: str, database_url: str, function: ScriptedFunction
) -> dict[str, str]:
    """Return the settings of a connector whose functions are the scripted one."""
    return {
        "NATS_URL": nats_url,
        "DATABASE_URL": login(database_url, "connector"),
        "FB_CONSUME_URL": function.url,
        "TTK_CONSUME_URL": function.url,
        "RETRY_BASE": "0.05",
        "RETRY_MAX": "0.2",
        "ACK_WAIT": "2",
    }


@pytest.fixture
def start_connector(connector_environment: dict[str, str]) -> StartServed:
    """Return what starts a connector whose functions are the scripted one."""

    def start(**changes: str) -> AbstractContextManager[Served]:
        return serve("infra.connector", environment={**connector_environment, **changes})

    return start


@pytest.fixture
def connector(start_connector: StartServed) -> Iterator[Served]:
    """Run a connector until the test ends."""
    with start_connector() as served:
        yield served


@pytest.fixture
def records(nats_url: str, database_url: str) -> Servers:
    """Return the test's servers, empty."""
    return Servers(nats_url, database_url)


@pytest.fixture
def store(database_url: str) -> Iterator[Callable[[Batch], Answer]]:
    """Return what hands a batch to a real collector and returns its answer."""
    environment = {"DATABASE_URL": login(database_url, "collector")}
    with (
        serve("shared.serve", "fb-consume", environment=environment) as collector,
        httpx2.Client(headers={"content-type": BATCH_TYPE}, timeout=30) as client,
    ):

        def hand_over(batch: Batch) -> Answer:
            answer = client.post(collector.url, content=json.dumps(batch))
            return answer.status_code, {}, answer.content

        yield hand_over
