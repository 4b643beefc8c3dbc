"""How the data of a report stands: its revision, and how fresh it is.

Callers are told that nothing has changed since they asked by entity tags (RFC 9110, section 8.8.3).
They are weak: an answer with the same figures is the same, whatever its `asOf`.
"""

import hashlib
import re
from datetime import datetime
from typing import NamedTuple

from shared.reports.selection import Selection
from shared.reports.totals import day_bounds
from shared.reports.windows import by_days, touched
from shared.store.pool import Connection
from shared.store.queries import query

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_DIGEST_BYTES = 12


class Standing(NamedTuple):
    """The data of a selection: its tag in the selection's form, whatever the report.

    It is complete up to `as_of` (None: unknown), which was `age` seconds ago.
    """

    tag: str
    as_of: datetime | None
    age: float | None


async def read_standing(connection: Connection, selection: Selection) -> Standing:
    """Return how the data of a selection stands."""
    values = {
        "types": [kind.id for kind in selection.types],
        "sources": selection.sources,
        **day_bounds(by_days(touched(selection.span))),
    }
    # Prepared, for to plan it takes a quarter of its time, and its plan is the same for any range.
    cursor = await connection.execute(query("report_state"), values, prepare=True)
    [(*revision, as_of, age)] = await cursor.fetchall()
    text = " ".join(str(part) for part in revision)
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    tag = f'W/"{selection.format}-{digest}"'
    return Standing(tag, as_of, None if age is None else round(float(age), 3))


def is_known(tag: str, if_none_match: str) -> bool:
    """Say whether a caller that sent `if_none_match` has what the tag stands for."""
    known = _TAG.findall(if_none_match)
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in known
