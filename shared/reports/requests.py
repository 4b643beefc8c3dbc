"""Reads what a request asks of a report."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from shared.errors import Problem
from shared.reports.cursors import digest
from shared.reports.moments import FORMS
from shared.reports.parameters import CURSORS, Parameter
from shared.reports.selection import Selection

MOST_FIELDS = 256
"""Most parameters of a request, each value of a repeated one counted."""

_SHOWN_CHARACTERS = 64


def read_selection(
    query: str, parameters: Sequence[Parameter], by: str = "events", **defaults: object
) -> Selection:
    """Read a raw query string; `defaults` are the fields of what is not given.

    Raises Problem invalid_parameter, which names the `parameter` and what is `allowed`.
    """
    known = {parameter.name: parameter for parameter in parameters}
    given: dict[str, list[object]] = {}
    for name, text in _fields(query):
        parameter = known.get(name)
        if parameter is None:
            raise refusal(name, "is unknown", tuple(known))
        values = given.setdefault(name, [])
        if values and parameter.many is None:
            raise refusal(name, "is given more than once", parameter.allowed)
        try:
            values.append(parameter.read(text))
        except ValueError as error:
            raise refusal(name, str(error), parameter.allowed) from error
    fields: dict[str, Any] = dict(defaults)
    for name, values in given.items():
        many = known[name].many
        fields[known[name].field] = many(values) if many else values[0]
    return _checked(Selection(**fields), by)


def _checked(selection: Selection, by: str) -> Selection:
    """Return a selection whose members go together. Raises Problem invalid_parameter."""
    if selection.start and selection.end and selection.start > selection.end:
        raise refusal("from", "is after `to`", FORMS)
    cursor = selection.cursor
    if cursor is not None and (
        cursor.digest != digest(selection, by) or len(cursor.after.key) != len(selection.group_by)
    ):
        raise refusal("cursor", "is of another question", CURSORS)
    return selection


def _fields(query: str) -> list[tuple[str, str]]:
    """Split a query string into names and values, which must be UTF-8."""
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise Problem("invalid_parameter", "The query string is not UTF-8.") from error
    except ValueError as error:
        raise Problem(
            "invalid_parameter", f"There are more than {MOST_FIELDS} parameters."
        ) from error


def refusal(name: str, reason: str, allowed: tuple[str, ...]) -> Problem:
    """Return the problem of a parameter; `reason` is the rest of a sentence."""
    shown = name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
    return Problem(
        "invalid_parameter", f"`{shown}` {reason}.", parameter=shown, allowed=list(allowed)
    )
