"""Parsers of the command line's values. Each raises ValueError saying what is allowed."""

import re
from datetime import datetime
from typing import Final

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LARGEST_BATCH: Final = 50_000


def sizes(text: str) -> tuple[int, int]:
    """Parse a number of events, or a range of them: `500`, `1000-50000`."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if match is None:
        raise ValueError(f"{text!r} is neither a number of events nor a range such as 1000-50000")
    least, most = int(match[1]), int(match[2] or match[1])
    if not 1 <= least <= most <= _LARGEST_BATCH:
        raise ValueError(f"{text!r}: a request holds 1 to {_LARGEST_BATCH:,} events")
    return least, most


def duration(text: str) -> float:
    """Parse a duration into seconds: `90`, `1.5s`, `15m`, `24h`, `7d`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as 90, 15m, 24h or 7d")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def moment(text: str) -> int:
    """Parse an ISO-8601 time with offset into milliseconds since the epoch."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an ISO-8601 time") from error
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no offset, such as Z or +02:00")
    return int(parsed.timestamp() * 1000)


def header(text: str) -> tuple[str, str]:
    """Parse a header: `Authorization: Bearer secret`."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not a header such as 'Authorization: Bearer secret'")
    return name.strip().lower(), value.strip()
