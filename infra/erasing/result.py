"""What an erasure did, in the shape that `--json` prints."""

from collections.abc import Sequence
from datetime import datetime

import msgspec


class Erased(msgspec.Struct, rename="camel"):
    """Counts of what was the person's; in a dry run of what would be erased.

    `messages` are those deleted from EVENTS, with `events` of anybody in them; `left` are those
    that cannot go yet, for they are not processed. `erased_at` is None in a dry run.
    """

    sources: Sequence[str]
    erased_at: datetime | None = None
    rows: int = 0
    messages: int = 0
    events: int = 0
    dead_letters: int = 0
    left: int = 0
    dry_run: bool = False
