"""Chooses the form of an answer: by `format`, else by `Accept` (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

from shared.errors import Problem
from shared.reports.selection import Format

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
FORMATS: tuple[Format, ...] = tuple(MEDIA_TYPES)

PARQUET_ADVICE = "needs the optional extra: pip install 'hookstream[parquet]'"

_MOST_RANGES = 32
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z", re.ASCII)
_EXACT, _TYPE, _ANY = 2, 1, 0


@cache
def has_parquet() -> bool:
    """Say whether the optional extra `parquet` is installed."""
    return find_spec("pyarrow") is not None


def choose_format(accept: str | None, offered: Sequence[Format] = FORMATS) -> Format:
    """Return the offered format that a caller likes best, the earlier one of equals.

    Raises Problem not_acceptable if the header excludes all of them.
    """
    if accept is None or not accept.strip():
        return offered[0]
    able = [name for name in offered if name != "parquet" or has_parquet()]
    ranges = [_media_range(part) for part in accept.split(",")[:_MOST_RANGES] if part.strip()]
    likings = {name: _liking(MEDIA_TYPES[name], ranges) for name in able}
    best = max(able, key=lambda name: likings[name])
    if likings[best] > 0:
        return best
    allowed = [MEDIA_TYPES[name] for name in able]
    raise Problem("not_acceptable", f"Accept one of {', '.join(allowed)}.", allowed=allowed)


def _media_range(text: str) -> tuple[str, float]:
    """Return a media range and its quality; one that cannot be read does not count."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            value = value.strip()
            return name, float(value) if _QUALITY.match(value) else 0.0
    return name, 1.0


def _liking(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that matches."""
    specificity = {media_type: _EXACT, f"{media_type.partition('/')[0]}/*": _TYPE, "*/*": _ANY}
    found = [(specificity[name], quality) for name, quality in ranges if name in specificity]
    return max(found)[1] if found else 0.0
