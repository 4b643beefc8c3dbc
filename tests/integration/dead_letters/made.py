"""Makes dead letters."""

import itertools
import json
from datetime import UTC, datetime

from builders import facebook

from shared.stream.dead_letters import DeadLetter

_numbers = itertools.count(1)


def letter(event: object | bytes | None = None, **changes: str) -> DeadLetter:
    """Return a letter of an event, of a valid one unless given; bytes are taken as they are."""
    number = next(_numbers)
    raw = event if isinstance(event, bytes) else json.dumps(event or facebook()).encode()
    given = {"source": "facebook", "code": "storage_refused", "stage": "consume", **changes}
    return DeadLetter(
        source=given["source"],
        raw=raw,
        code=given["code"],
        detail="data.user.name: the field is missing",
        stage=given["stage"],
        origin=f"EVENTS:{number}",
        index=3,
        attempts=2,
        first_at=datetime(2026, 11, 1, tzinfo=UTC),
        correlation_id=f"corr-{number}",
    )
