"""Reads the moments that callers name in `from` and `to`."""

import re
from datetime import UTC, datetime

FORMS = ("2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000001+02:00")
"""Examples of what is allowed: a date, or a date and time with an offset."""

LAST_YEAR = 9998
"""A moment of the calendar's last year could not be rounded up to its bucket's end."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(
    r"""
    (?P<date> \d{4}-\d{2}-\d{2} ) [Tt]
    (?P<time> \d{2}:\d{2} ( :\d{2} ( [.,] \d{1,6} )? )? )
    (?P<offset> [Zz] | [ +-] \d{2} ( :? \d{2} )? )
    \Z
    """,
    re.ASCII | re.VERBOSE,
)


def read_moment(text: str) -> datetime:
    """Return the moment in UTC; a date alone is its UTC midnight.

    A blank in place of the offset's sign is a `+` that the caller's URL did not escape. Raises
    ValueError, with the reason for the caller, for anything else than FORMS.
    """
    if _DATE.match(text):
        text += "T00:00:00Z"
    found = _MOMENT.match(text)
    if found is None:
        raise ValueError("is not an ISO-8601 date, or date and time with offset")
    offset = found["offset"].replace(" ", "+").upper()
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{offset}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no moment of the calendar") from error
    if moment.year > LAST_YEAR:
        raise ValueError(f"is after the year {LAST_YEAR}")
    return moment
