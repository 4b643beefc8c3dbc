"""The document of all functions together, as the gateway serves them: schema/openapi.json."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from shared.openapi.document import document, render
from shared.openapi.operations import Api

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "schema" / "openapi.json"


def apis() -> Iterator[Api]:
    """Yield what each function declares, by their names."""
    for path in sorted((ROOT / "functions").glob("*/main.py")):
        role = importlib.import_module(f"functions.{path.parent.name}.main")
        if hasattr(role, "describe"):
            yield role.describe()


def text() -> bytes:
    """Return the file's text."""
    return render(document(apis(), whole=True))
