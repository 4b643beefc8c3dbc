"""What a replay did, in the shape that `--json` prints."""

import msgspec


class Replayed(msgspec.Struct, rename="camel"):
    """Counts; `damaged` and `refused` name messages that were not delivered."""

    messages: int = 0
    events: int = 0
    rejected: int = 0
    damaged: list[str] = msgspec.field(default_factory=list)
    refused: list[str] = msgspec.field(default_factory=list)
    dry_run: bool = False
