"""Answers any question from rows alone."""

from shared.reports.intervals import require_points
from shared.reports.questions import Page, Question, Tallies, Tally
from shared.reports.tallies import collect
from shared.reports.totals import bounds, require_rows
from shared.store.pool import Connection
from shared.store.queries import query

_DIMENSIONS = (
    "source", "funnelStage", "eventType", "country", "campaignId", "device", "purchasedItem",
)  # fmt: skip


class RowReader:
    """Reads rows; it remembers nothing."""

    async def tallies(self, connection: Connection, question: Question, page: Page) -> Tallies:
        """Answer a question. Raises Problem rows_expired or invalid_parameter."""
        types = [kind.id for kind in question.types]
        await require_rows(connection, types, question.span)
        values = {
            **{name.lower(): name in question.group_by for name in _DIMENSIONS},
            **bounds(question.span),
            "types": types,
            "starts": list(question.starts),
            "campaigns": None if question.campaigns is None else list(question.campaigns),
            "countries": None if question.countries is None else list(question.countries),
        }
        cursor = await connection.execute(query("report_rows"), values, prepare=False)
        parts = []
        for *texts, start, events, transactions, revenue in await cursor.fetchall():
            known = dict(zip(_DIMENSIONS, texts, strict=True))
            key = tuple(known[name] for name in question.group_by)
            point = start if question.starts else None
            parts.append(Tally(key, events, transactions, revenue, point))
        tallies = collect(question, page, parts)
        require_points(len(tallies.groups), len(question.starts))
        return tallies
