"""Finds the elements of a JSON array even if one of them is what no parser should accept.

One event may hold a lone surrogate, NaN or bad UTF-8; its neighbours are fine. Only the structure
around the elements has to be sound; each element is judged alone, later.
"""

import json

import msgspec

from shared.errors import Problem

RawEvent = bytes | msgspec.Raw

_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split_array(text: bytes) -> list[RawEvent]:
    """Return the elements of a JSON array, undecoded. Raises Problem invalid_json."""
    try:
        return list(_array(text))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        loose = text.decode("utf-8", "surrogateescape")
        position = skip_space(loose, 0)
        if loose[position : position + 1] != "[":
            raise not_json(position) from None
        events, end = elements(loose, position + 1)
        require_end(loose, end, closing="")
        return events


def elements(loose: str, start: int) -> tuple[list[RawEvent], int]:
    """Return the elements of the array whose first may begin at `start`, and the array's end.

    `loose` is UTF-8 decoded with surrogateescape, so that every byte comes back.
    """
    events: list[RawEvent] = []
    position = skip_space(loose, start)
    while loose[position : position + 1] != "]":
        end = end_of_value(loose, position)
        events.append(loose[position:end].encode("utf-8", "surrogateescape"))
        position = skip_space(loose, end)
        if loose[position : position + 1] == ",":
            position = skip_space(loose, position + 1)
            if loose[position : position + 1] == "]":
                raise not_json(position)
        elif loose[position : position + 1] != "]":
            raise not_json(position)
    return events, position + 1


def _number(_text: str) -> int:
    return 0


_tolerant = json.JSONDecoder(
    parse_int=_number, parse_float=_number, parse_constant=_number, strict=False
)


def end_of_value(loose: str, position: int) -> int:
    """Return where the JSON value at `position` ends. Raises Problem invalid_json."""
    try:
        return _tolerant.raw_decode(loose, position)[1]
    except json.JSONDecodeError as error:
        raise not_json(error.pos) from None
    except RecursionError:
        raise Problem("invalid_json", "The body is nested too deeply.") from None


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


def not_json(position: int) -> Problem:
    """Return the problem of a text that stops being JSON at a character."""
    return Problem("invalid_json", f"Not JSON at character {position}.", position=position)
