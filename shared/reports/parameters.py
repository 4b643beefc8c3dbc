"""The parameters of report requests: what is allowed, and how a query string is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from shared.errors import Problem
from shared.events.model import EVENT_TYPES, MAX_ID_BYTES, SOURCES, EventType
from shared.reports.moments import FORMS, read_moment
from shared.reports.windows import Span

_MOST_FIELDS = 64
_SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter by its name in the URL and in a Selection.

    `allowed` is every value, or examples of them where `read` takes more. `read` raises
    ValueError with the rest of a sentence that begins with the parameter's name.
    """

    name: str
    field: str
    description: str
    allowed: tuple[str, ...]
    read: Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a report is about; None is no restriction. `start` is inclusive, `end` exclusive."""

    start: datetime | None = None
    end: datetime | None = None
    source: str | None = None
    funnel_stage: str | None = None
    event_type: str | None = None
    campaign_id: str | None = None
    country: str | None = None
    format: str = "json"

    @property
    def span(self) -> Span:
        """Return the range of time."""
        return Span(self.start, self.end)

    @property
    def sources(self) -> list[str]:
        """Return the sources that the answer speaks of."""
        return [source for source in SOURCES if self.source in {None, source}]

    @property
    def types(self) -> list[EventType]:
        """Return the types that match; an event type's name matches in every source."""
        return [
            kind
            for kind in EVENT_TYPES
            if self.source in {None, kind.source}
            and self.funnel_stage in {None, kind.funnel_stage}
            and self.event_type in {None, kind.name}
        ]


def _one_of(name: str, field: str, description: str, *allowed: str) -> Parameter:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return text

    return Parameter(name, field, description, allowed, read)


def _text(name: str, field: str, description: str, example: str) -> Parameter:
    return Parameter(name, field, description, (example,), _read_text)


def _read_text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    if len(text.encode()) > 4 * MAX_ID_BYTES or "\0" in text:
        raise ValueError("is too long or holds the character NUL")
    return text


_STAGES = dict.fromkeys(kind.funnel_stage for kind in EVENT_TYPES)
_NAMES = sorted({kind.name for kind in EVENT_TYPES})

PARAMETERS = (
    Parameter("from", "start", "First moment, inclusive.", FORMS, read_moment),
    Parameter("to", "end", "Last moment, exclusive.", FORMS, read_moment),
    _one_of("source", "source", "Where events come from.", *SOURCES),
    _one_of("funnelStage", "funnel_stage", "Stage of the funnel.", *_STAGES),
    _one_of("eventType", "event_type", "Type of event, in every source that has it.", *_NAMES),
    _text("campaignId", "campaign_id", "Campaign; only some Facebook events have one.", "camp-1"),
    _text("country", "country", "Country by its name; not every event has one.", "Ukraine"),
    _one_of("format", "format", "Form of the answer.", "json"),
)
"""The parameters that every report takes."""


def read_selection(query: str, parameters: tuple[Parameter, ...] = PARAMETERS) -> Selection:
    """Read a raw query string.

    Raises Problem invalid_parameter, which names the `parameter` and what is `allowed`.
    """
    given = _fields(query)
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Any] = {}
    for name, text in given:
        parameter = known.get(name)
        if parameter is None:
            raise _refusal(name, "is unknown", tuple(known))
        if parameter.field in values:
            raise _refusal(name, "is given more than once", parameter.allowed)
        try:
            values[parameter.field] = parameter.read(text)
        except ValueError as error:
            raise _refusal(name, str(error), parameter.allowed) from error
    selection = Selection(**values)
    if selection.start and selection.end and selection.start > selection.end:
        raise _refusal("from", "is after `to`", FORMS)
    return selection


def _fields(query: str) -> list[tuple[str, str]]:
    """Split a query string into names and values, which must be UTF-8."""
    try:
        return parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise Problem("invalid_parameter", "The query string is not UTF-8.") from error
    except ValueError as error:
        raise Problem(
            "invalid_parameter", f"There are more than {_MOST_FIELDS} parameters."
        ) from error


def _refusal(name: str, reason: str, allowed: tuple[str, ...]) -> Problem:
    shown = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    return Problem(
        "invalid_parameter", f"`{shown}` {reason}.", parameter=shown, allowed=list(allowed)
    )
