"""What every tier uses: sample events, and folders for servers."""

import json
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parent / "samples.json"

# A shell that runs the suite in the background has it, and all that it starts, ignore this.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """Return the sample events: valid by type, corrupt and odd."""
    return json.loads(SAMPLES.read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Return a folder that PostgreSQL's own user can reach when the suite runs as root.

    pytest's temporary folders are closed to other users again whenever another pytest starts.
    """
    with tempfile.TemporaryDirectory(prefix="hookstream-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def state(scratch: Path) -> Path:
    """Return a new folder for the state of a stack or of servers."""
    return Path(tempfile.mkdtemp(dir=scratch))
