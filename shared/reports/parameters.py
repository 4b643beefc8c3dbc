"""The parameters that reports may take: what is allowed, and how a value is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from shared.events.model import EVENT_TYPES, MAX_ID_BYTES, SOURCES
from shared.reports.cursors import MOST_CHARACTERS, read_cursor
from shared.reports.moments import FORMS, read_moment
from shared.reports.negotiation import FORMATS, PARQUET_ADVICE, has_parquet
from shared.reports.selection import INTERVALS, MOST_GROUPS, PAGE_GROUPS, Format

ZONES = ("UTC", "Europe/Kyiv", "America/New_York")
"""Examples of time zones."""

CURSORS = ("the `nextCursor` of an answer to the same question",)

_MOST_TEXT_BYTES = 4 * MAX_ID_BYTES
_MOST_ZONE_CHARACTERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter by its name in the URL and in a Selection.

    `allowed` is every value, or examples of them where `read` takes more. `read` returns what one
    value stands for and raises ValueError with the rest of a sentence that begins with the
    parameter's name. `schema` is the JSON Schema of a value. One with `many` may be repeated, and
    its field is what `many` makes of all values.
    """

    name: str
    field: str
    description: str
    allowed: tuple[str, ...]
    read: Callable[[str], object]
    schema: Mapping[str, object]
    many: Callable[[list[Any]], object] | None = None


def _read_one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return text

    return read


def _choice(
    name: str,
    field: str,
    description: str,
    allowed: tuple[str, ...],
    many: Callable[[list[Any]], object] | None = None,
) -> Parameter:
    schema = {"type": "string", "enum": list(allowed)}
    return Parameter(
        name=name, field=field, description=description, allowed=allowed,
        read=_read_one_of(allowed), schema=schema, many=many,
    )  # fmt: skip


def _text(name: str, field: str, description: str, example: str) -> Parameter:
    schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_ID_BYTES,
        "pattern": r"^[^\u0000]*$",
    }
    return Parameter(
        name=name, field=field, description=description, allowed=(example,),
        read=_read_text, schema={**schema, "examples": [example]}, many=frozenset,
    )  # fmt: skip


def _read_text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    if len(text.encode()) > _MOST_TEXT_BYTES or "\0" in text:
        raise ValueError("is too long or holds the character NUL")
    return text


def _moment(name: str, field: str, description: str) -> Parameter:
    schema = {"type": "string", "maxLength": 40, "examples": list(FORMS)}
    return Parameter(
        name=name, field=field, description=description, allowed=FORMS,
        read=read_moment, schema=schema,
    )  # fmt: skip


def _read_zone(text: str) -> ZoneInfo:
    """Return a time zone. A blank is a `+` that the caller's URL did not escape."""
    name = text.replace(" ", "+")
    if len(name) > _MOST_ZONE_CHARACTERS or name not in _zones():
        raise ValueError("is no time zone of the IANA database")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _read_limit(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_GROUPS)):
        number = int(text)
        if 1 <= number <= MOST_GROUPS:
            return number
    raise ValueError(f"is not a number from 1 to {MOST_GROUPS}")


def _read_format(text: str) -> Format:
    if text == "parquet" and not has_parquet():
        raise ValueError(PARQUET_ADVICE)
    for name in FORMATS:
        if text == name:
            return name
    raise ValueError(f"is not one of {', '.join(FORMATS)}")


_STAGES = tuple(dict.fromkeys(kind.funnel_stage for kind in EVENT_TYPES))
_NAMES = tuple(sorted({kind.name for kind in EVENT_TYPES}))

RANGE = (
    _moment("from", "start", "First moment, inclusive."),
    _moment("to", "end", "Last moment, exclusive."),
)
FILTERS = (
    _choice("source", "source", "Where events come from.", SOURCES, frozenset),
    _choice("funnelStage", "funnel_stage", "Stage of the funnel.", _STAGES, frozenset),
    _choice(
        "eventType", "event_type", "Type of event, in every source that has it.", _NAMES, frozenset
    ),
    _text("campaignId", "campaign_id", "Campaign; only some Facebook events have one.", "camp-1"),
    _text("country", "country", "Country by its name; not every event has one.", "Ukraine"),
)
FORMAT = Parameter(
    name="format",
    field="format",
    description="Form of the answer; it goes before the header Accept.",
    allowed=FORMATS,
    read=_read_format,
    schema={"type": "string", "enum": list(FORMATS), "default": "json"},
)
SERIES = (
    _choice("interval", "interval", "Length of the intervals of `series`.", INTERVALS),
    Parameter(
        name="timezone",
        field="zone",
        description="Time zone of the intervals, by its IANA name.",
        allowed=ZONES,
        read=_read_zone,
        schema={
            "type": "string",
            "maxLength": _MOST_ZONE_CHARACTERS,
            "default": "UTC",
            "examples": list(ZONES),
        },
    ),
)
LIMIT = Parameter(
    name="limit",
    field="limit",
    description="Most groups of the answer. Without it CSV, NDJSON and Parquet hold all.",
    allowed=("1", str(MOST_GROUPS)),
    read=_read_limit,
    schema={"type": "integer", "minimum": 1, "maximum": MOST_GROUPS, "default": PAGE_GROUPS},
)


def grouping(allowed: tuple[str, ...]) -> Parameter:
    """Return the parameter `groupBy` of a report with these dimensions."""
    check = _read_one_of(allowed)

    def read(text: str) -> list[str]:
        return [check(name) for name in text.split(",")]

    def join(given: list[list[str]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for names in given for name in names))

    return Parameter(
        name="groupBy",
        field="group_by",
        description="Dimensions of the groups; repeated, or separated by commas.",
        allowed=allowed,
        read=read,
        schema={"type": "string", "enum": list(allowed)},
        many=join,
    )


def paging(by: Literal["events", "revenue"]) -> tuple[Parameter, ...]:
    """Return the parameters `limit` and `cursor` of a report whose groups come largest first."""
    cursor = Parameter(
        name="cursor",
        field="cursor",
        description="The `nextCursor` of the page before; all else stays the same.",
        allowed=CURSORS,
        read=lambda text: read_cursor(text, by),
        schema={"type": "string", "maxLength": MOST_CHARACTERS},
    )
    return (LIMIT, cursor)
