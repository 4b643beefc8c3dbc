"""A PostgreSQL of this folder's own, which its tests stop, kill and start."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from infra.local.ports import PortBook
from infra.local.postgres_server import postgres_server
from infra.local.servers import RunningServer
from shared.settings import Settings
from shared.store.migrations import migrate


@pytest.fixture(scope="package")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a migrated PostgreSQL until the folder's tests end."""
    state = tmp_path_factory.mktemp("own")
    server = RunningServer(
        postgres_server(state, PortBook(state / "ports.json"), shared_buffers="32MB")
    )
    server.start()
    migrate(server.url)
    yield server
    server.stop()


@pytest.fixture
def postgres(own_server: RunningServer) -> Iterator[RunningServer]:
    """Return the server, up; a test may stop it."""
    yield own_server
    own_server.stop()
    own_server.start()


@pytest.fixture
def away_url(tmp_path: Path) -> str:
    """Return the URL of a database where nothing listens."""
    port = PortBook(tmp_path / "ports.json").choose("away")
    return f"postgresql://hookstream@127.0.0.1:{port}/hookstream"


@pytest.fixture
def chosen() -> Callable[..., Settings]:
    """Return a maker of settings that wait briefly."""

    def make(database_url: str, **changes: object) -> Settings:
        brief = Settings(
            database_url=database_url, database_timeout=5, database_pool_size=2, statement_timeout=5
        )
        return msgspec.structs.replace(brief, **changes)

    return make
