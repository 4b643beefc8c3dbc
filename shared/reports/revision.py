"""Tells callers that nothing has changed since they asked: entity tags (RFC 9110, section 8.8.3).

They are weak: an answer with the same figures is the same, whatever its `asOf`.
"""

import hashlib
import re

from shared.reports.selection import Selection
from shared.reports.totals import day_bounds
from shared.reports.windows import by_days, touched
from shared.store.pool import Connection
from shared.store.queries import query

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_DIGEST_BYTES = 12


async def read_tag(connection: Connection, selection: Selection) -> str:
    """Return the tag of a selection's data in its form, whatever the report."""
    days = by_days(touched(selection.span))
    values = {"types": [kind.id for kind in selection.types], **day_bounds(days)}
    cursor = await connection.execute(query("report_revision"), values, prepare=False)
    [revision] = await cursor.fetchall()
    text = " ".join(str(part) for part in revision)
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f'W/"{selection.format}-{digest}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Say whether a caller that sent `if_none_match` has what the tag stands for."""
    known = _TAG.findall(if_none_match)
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in known
