"""What every tier uses: sample events and builders of valid ones."""

import json
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parent / "samples.json"


@pytest.fixture(scope="session")
def samples() -> dict[str, Any]:
    """Return the sample events: valid by type, corrupt and odd."""
    return json.loads(SAMPLES.read_text())  # type: ignore[no-any-return]
