"""Cursors: where a page of groups ends, as an opaque text that the next request hands back.

A cursor names the last group by its place in the order, not by a count of groups: groups that come
or go meanwhile neither repeat nor hide others.
"""

import base64
import binascii
import hashlib
import re
from decimal import Decimal
from typing import Literal

import msgspec

from shared.reports.questions import Key, Page, Tally
from shared.reports.selection import Cursor, Selection

MOST_CHARACTERS = 4_096

_DIGEST_BYTES = 9
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,4})?\Z", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,18}\Z", re.ASCII)


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a cursor holds: the question's digest, the group's figure and its key."""

    digest: str
    figure: str
    key: Key


def write_cursor(selection: Selection, page: Page, last: Tally) -> str:
    """Return the cursor of the page that follows the group `last`."""
    figure = last.events if page.by == "events" else last.revenue
    place = _Place(digest(selection, page.by), str(figure), last.key)
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(text: str, by: Literal["events", "revenue"]) -> Cursor:
    """Return what a cursor says. Raises ValueError for what is none."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError("is too long")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        place = msgspec.json.decode(base64.b64decode(padded, b"-_", validate=True), type=_Place)
    except (UnicodeError, binascii.Error, msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("is not what `nextCursor` was") from error
    if not (_COUNT if by == "events" else _AMOUNT).match(place.figure):
        raise ValueError("is not what `nextCursor` was")
    if by == "events":
        return Cursor(place.digest, Tally(place.key, int(place.figure), 0, Decimal(0)))
    return Cursor(place.digest, Tally(place.key, 0, 0, Decimal(place.figure)))


def digest(selection: Selection, by: str) -> str:
    """Return what two requests have in common whose groups come in the same order."""
    filters = (
        selection.source,
        selection.funnel_stage,
        selection.event_type,
        selection.campaign_id,
        selection.country,
    )
    question = (
        by,
        selection.start,
        selection.end,
        selection.group_by,
        *(None if values is None else sorted(values) for values in filters),
    )
    encoded = msgspec.json.encode(question)
    made = hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(made).decode()
