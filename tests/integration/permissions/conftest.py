"""A server with the users that `hookstream up` gives it."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra.local.invocations.messages import invocations_stream
from infra.local.nats_server import nats_server
from infra.local.nats_users import OPERATOR, NatsUsers
from infra.local.ports import PortBook
from infra.local.servers import RunningServer
from shared.stream.topology import ensure_streams


@pytest.fixture(scope="session")
def urls(scratch: Path) -> Iterator[Mapping[str, str]]:
    """Return the URL of each user of a server that has all streams."""
    state = scratch / "permissions"
    users = NatsUsers(state / "nats-users")
    state.mkdir()
    users.make()
    server = RunningServer(nats_server(state, PortBook(state / "ports.json"), users=users))
    server.start()
    try:
        found = users.urls(server.url)
        asyncio.run(ensure_streams(found[OPERATOR], invocations_stream(1)))
        yield found
    finally:
        server.stop()
