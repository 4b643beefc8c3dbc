"""Finds the elements of a JSON array even if one of them is what no parser should accept.

One event may hold a lone surrogate, NaN or bad UTF-8; its neighbours are fine. Only the structure
around the elements has to be sound; each element is judged alone, later.
"""

import json
import re
import sys

import msgspec

from shared.errors import Problem
from shared.settings import MIB

RawEvent = bytes | msgspec.Raw

_PATIENCE = MIB
"""Characters of values nested deeply that are looked at in one body: a fraction of a second's."""

_MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}

_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split_array(text: bytes, most: int = sys.maxsize) -> list[RawEvent]:
    """Return the elements of a JSON array, undecoded.

    Raises Problem invalid_json, and, where it notices, too_many_events above `most`.
    """
    try:
        return list(_array(text))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        loose = text.decode("latin-1")
        position = skip_space(loose, 0)
        if loose[position : position + 1] != "[":
            raise not_json(position) from None
        events, end = elements(loose, position + 1, most)
        require_end(loose, end, closing="")
        return events


def elements(loose: str, start: int, most: int) -> tuple[list[RawEvent], int]:
    """Return the elements of the array whose first may begin at `start`, and the array's end.

    `loose` has a character for each byte: decoded as Latin-1, a text takes no more memory than
    its bytes, and all that structure is made of is ASCII. Raises Problem invalid_json, and
    too_many_events above `most`.
    """
    events: list[RawEvent] = []
    position, patience = skip_space(loose, start), _PATIENCE
    while loose[position : position + 1] != "]":
        try:
            end = _end(loose, position)
        except RecursionError:
            end = _end_of_deep_value(loose, position, position + patience)
            patience -= end - position
        events.append(loose[position:end].encode("latin-1"))
        if len(events) > most:
            raise too_many(most)
        position = skip_space(loose, end)
        if loose[position : position + 1] == ",":
            position = skip_space(loose, position + 1)
            if loose[position : position + 1] == "]":
                raise not_json(position)
        elif loose[position : position + 1] != "]":
            raise not_json(position)
    return events, position + 1


# Numbers are not read: they may have any number of digits. len() is what costs least.
_tolerant = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len, strict=False)


def end_of_value(loose: str, position: int) -> int:
    """Return where the JSON value at `position` ends. Raises Problem invalid_json."""
    try:
        return _end(loose, position)
    except RecursionError:
        return _end_of_deep_value(loose, position, position + _PATIENCE)


def _end(loose: str, position: int) -> int:
    """Return where a value ends. Raises RecursionError if it is nested deeply."""
    try:
        return _tolerant.raw_decode(loose, position)[1]
    except json.JSONDecodeError as error:
        raise not_json(error.pos) from None


def _end_of_deep_value(loose: str, position: int, limit: int) -> int:
    """Return where an array or object ends, by its brackets alone."""
    expected: list[str] = []
    for mark in _MARKS.finditer(loose, position, min(limit, len(loose))):
        text = mark[0]
        if text in _CLOSING:
            expected.append(_CLOSING[text])
        elif len(text) == 1 and expected.pop() != text:
            raise not_json(mark.start())
        if not expected:
            return mark.end()
    raise Problem("invalid_json", "The body is nested too deeply.")


def skip_space(loose: str, position: int) -> int:
    """Return the first position from `position` on that is no white space."""
    while loose[position : position + 1] in (" ", "\t", "\r", "\n"):
        position += 1
    return position


def require_end(loose: str, position: int, closing: str) -> None:
    """Raise Problem invalid_json unless the text ends here, after `closing` if that is given."""
    position = skip_space(loose, position)
    if closing:
        if loose[position : position + 1] != closing:
            raise not_json(position)
        position = skip_space(loose, position + 1)
    if position != len(loose):
        raise not_json(position)


def too_many(most: int) -> Problem:
    """Return the problem of a body with more than `most` events."""
    return Problem("too_many_events", f"A request may have {most} events.", limit=most)


def not_json(position: int) -> Problem:
    """Return the problem of a text that stops being JSON at a character."""
    return Problem("invalid_json", f"Not JSON at character {position}.", position=position)
