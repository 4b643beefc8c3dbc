"""Named SQL: the text of `schema/queries/<name>.sql`.

Texts are constant; values travel beside them as `%(name)s` parameters.
"""

from functools import cache
from pathlib import Path

import shared

SCHEMA = Path(shared.__file__).parent.parent / "schema"


@cache
def query(name: str) -> bytes:
    """Return the text of a query. Raises FileNotFoundError if there is none of that name."""
    return (SCHEMA / "queries" / f"{name}.sql").read_bytes()
