"""Splits a request body into raw events: one event, an array, `{"events": […]}` or NDJSON."""

import json
from collections.abc import Sequence

import msgspec

from shared.errors import Problem

RawEvent = bytes | msgspec.Raw

NDJSON_TYPES = {
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
}
_JSON_TYPES = {"", "application/json", "text/json", "text/plain", "application/octet-stream"}
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


class _Wrapper(msgspec.Struct):
    events: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_wrapper = msgspec.json.Decoder(_Wrapper).decode


def split(body: bytes, content_type: str) -> Sequence[RawEvent]:
    """Return the raw events of a body; none of them is validated yet.

    Raises Problem unsupported_media_type, empty_body or invalid_json.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in NDJSON_TYPES:
        events: Sequence[RawEvent] = [line for line in body.split(b"\n") if line.strip(_SPACE)]
    elif media_type in _JSON_TYPES or media_type.endswith("+json"):
        events = _split_json(body.removeprefix(_BOM).strip(_SPACE))
    else:
        raise Problem(
            "unsupported_media_type",
            "Send JSON or NDJSON.",
            allowed=["application/json", "application/x-ndjson"],
        )
    if not events:
        raise Problem("empty_body", "The body holds no event.")
    return events


def _split_json(text: bytes) -> Sequence[RawEvent]:
    if not text.startswith((b"[", b"{")):
        detail = "Expected one event, an array of events or an object with events."
        raise Problem("invalid_json" if text else "empty_body", detail)
    try:
        if text.startswith(b"["):
            return _array(text)
        wrapper = _wrapper(text)
    except msgspec.ValidationError:
        return [text]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _split_slowly(text)
    return [text] if wrapper.events is msgspec.UNSET else wrapper.events


def _number(_text: str) -> int:
    return 0


_tolerant = json.JSONDecoder(
    parse_int=_number, parse_float=_number, parse_constant=_number, strict=True
)


def _split_slowly(text: bytes) -> Sequence[RawEvent]:
    """Find the events of a body that the fast parser gives up on as a whole.

    One event may hold what no parser should accept (a lone surrogate, NaN, bad UTF-8); its
    neighbours are fine. Only the structure of the body has to be sound. The tolerant scanner
    finds each event's end, and the event is judged alone, later.
    """
    loose = text.decode("utf-8", "surrogateescape")
    start = 1
    if loose.startswith("{"):
        start = _start_of_events(loose)
        if start < 0:
            return [text]
    events: list[RawEvent] = []
    position = _skip_space(loose, start)
    while loose[position : position + 1] != "]":
        end = _end_of_value(loose, position)
        events.append(loose[position:end].encode("utf-8", "surrogateescape"))
        position = _skip_space(loose, end)
        if loose[position : position + 1] == ",":
            position = _skip_space(loose, position + 1)
            if loose[position : position + 1] == "]":
                raise _not_json(position)
        elif loose[position : position + 1] != "]":
            raise _not_json(position)
    _require_end(loose, position + 1, closing="}" if loose.startswith("{") else "")
    return events


def _start_of_events(loose: str) -> int:
    """Return where the events of `{"events": […` begin, or -1 if it is another object."""
    position = _skip_space(loose, 1)
    if not loose.startswith('"events"', position):
        _end_of_value(loose, 0)
        return -1
    position = _skip_space(loose, position + len('"events"'))
    if loose[position : position + 1] != ":":
        raise _not_json(position)
    position = _skip_space(loose, position + 1)
    return position + 1 if loose[position : position + 1] == "[" else -1


def _end_of_value(loose: str, position: int) -> int:
    try:
        return _tolerant.raw_decode(loose, position)[1]
    except json.JSONDecodeError as error:
        raise _not_json(error.pos) from None
    except RecursionError:
        raise Problem("invalid_json", "The body is nested too deeply.") from None


def _skip_space(loose: str, position: int) -> int:
    while loose[position : position + 1] in (" ", "\t", "\r", "\n"):
        position += 1
    return position


def _require_end(loose: str, position: int, closing: str) -> None:
    position = _skip_space(loose, position)
    if closing:
        if loose[position : position + 1] != closing:
            raise _not_json(position)
        position = _skip_space(loose, position + 1)
    if position != len(loose):
        raise _not_json(position)


def _not_json(position: int) -> Problem:
    return Problem("invalid_json", f"Not JSON at character {position}.", position=position)
