"""Splits a request body into raw events: one event, an array, `{"events": […]}` or NDJSON."""

from collections.abc import Sequence
from random import Random

import msgspec

from shared.errors import Problem
from shared.events.splitting import (
    RawEvent,
    elements,
    end_of_value,
    not_json,
    require_end,
    skip_space,
    split_array,
    too_many,
)
from shared.settings import KIB

NDJSON_TYPES = {
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
}
_JSON_TYPES = {"", "application/json", "text/json", "text/plain", "application/octet-stream"}
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_LINES = 2
"""Lines for each of the most events: every other one may be empty."""

_MEMBERS = 32
"""Members of each of the most events, as many as there are commas; an event has 13 at least.

What an array holds is known once it is read. 32 MiB may hold 16 million elements, and those more
than a gigabyte of memory.
"""

_SAMPLES = 64
_SAMPLE = 4 * KIB
_random = Random().random  # noqa: S311 - seeded by the system; senders do not see its numbers

_LEAST_MEMBERS = 100_000
"""Members, or lines, that any body may have: they are read in no time."""


class _Wrapper(msgspec.Struct):
    events: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


_wrapper = msgspec.json.Decoder(_Wrapper).decode


def split(body: bytes, content_type: str, most: int) -> Sequence[RawEvent]:
    """Return the raw events of a body, at most `most`; none of them is validated yet.

    Raises Problem unsupported_media_type, empty_body, invalid_json or too_many_events.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in NDJSON_TYPES:
        if body.count(b"\n") > max(_LINES * most, _LEAST_MEMBERS):
            raise too_many(most)
        events: Sequence[RawEvent] = [line for line in body.split(b"\n") if line.strip(_SPACE)]
    elif media_type in _JSON_TYPES or media_type.endswith("+json"):
        events = _split_json(body.removeprefix(_BOM).strip(_SPACE), most)
    else:
        raise Problem(
            "unsupported_media_type",
            "Send JSON or NDJSON.",
            allowed=["application/json", "application/x-ndjson"],
        )
    if not events:
        raise Problem("empty_body", "The body holds no event.")
    if len(events) > most:
        raise too_many(most)
    return events


def _is_flood(text: bytes, limit: int) -> bool:
    """Say whether a text has more than `limit` commas.

    They are counted if samples, at places that no sender knows, have half as many in proportion:
    counting all costs a twentieth of what ingest does with a body.
    """
    if len(text) <= limit:
        return False
    step = len(text) / _SAMPLES
    starts = (int((place + _random()) * step) for place in range(_SAMPLES))
    sampled = sum(text.count(b",", start, start + _SAMPLE) for start in starts)
    return sampled * len(text) * 2 > limit * _SAMPLES * _SAMPLE and text.count(b",") > limit


def _split_json(text: bytes, most: int) -> Sequence[RawEvent]:
    if _is_flood(text, max(_MEMBERS * most, _LEAST_MEMBERS)):
        detail = f"A request may have {most} events, of {_MEMBERS} members in the mean."
        raise Problem("too_many_events", detail, limit=most)
    if text.startswith(b"["):
        return split_array(text, most)
    if not text.startswith(b"{"):
        detail = "Expected one event, an array of events or an object with events."
        raise Problem("invalid_json" if text else "empty_body", detail)
    try:
        wrapper = _wrapper(text)
    except msgspec.ValidationError:
        return [text]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _split_wrapper(text, most)
    return [text] if wrapper.events is msgspec.UNSET else wrapper.events


def _split_wrapper(text: bytes, most: int) -> Sequence[RawEvent]:
    """Find the events of an object that the fast parser gives up on as a whole."""
    loose = text.decode("latin-1")
    start = _start_of_events(loose)
    if start < 0:
        return [text]
    events, end = elements(loose, start, most)
    require_end(loose, end, closing="}")
    return events


def _start_of_events(loose: str) -> int:
    """Return where the events of `{"events": […` begin, or -1 if it is another object."""
    position = skip_space(loose, 1)
    if not loose.startswith('"events"', position):
        end_of_value(loose, 0)
        return -1
    position = skip_space(loose, position + len('"events"'))
    if loose[position : position + 1] != ":":
        raise not_json(position)
    position = skip_space(loose, position + 1)
    return position + 1 if loose[position : position + 1] == "[" else -1
