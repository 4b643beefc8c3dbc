"""Whether segments have all events of a range."""

from collections.abc import Sequence

from shared.errors import Problem
from shared.events.model import EventType
from shared.reports.totals import bounds, require_rows
from shared.reports.windows import Span
from shared.store.pool import Connection
from shared.store.queries import query

_RETRY_AFTER = 5.0


async def require_segments(connection: Connection, types: Sequence[EventType], span: Span) -> None:
    """Raise Problem rows_expired or segments_behind unless all events of a range are there."""
    ids = [kind.id for kind in types]
    await require_rows(connection, ids, span)
    values = {"types": ids, **bounds(span)}
    cursor = await connection.execute(query("segments_behind"), values)
    [(behind,)] = await cursor.fetchall()
    if behind:
        raise Problem(
            "segments_behind",
            "Events that an older version has stored are being made ready for this report.",
            retry_after=_RETRY_AFTER,
        )
