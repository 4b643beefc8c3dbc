"""The report `revenue`: amounts to the cent, by any dimensions, over time."""

from typing import Any

from shared.reports.answers import RevenueAnswer, RevenueGroup, RevenuePoint
from shared.reports.figures import average_money, money
from shared.reports.groups import dimensions, next_cursor, series_of
from shared.reports.parameters import FILTERS, FORMAT, RANGE, SERIES, grouping, paging
from shared.reports.questions import Tally
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.tables import Table
from shared.reports.totals import range_of, read_starts, tally


async def build(source: Store, selection: Selection) -> RevenueAnswer:
    """Add up the revenue of a selection. Raises Problem."""
    connection, page = source.connection, selection.page("revenue")
    earning = [kind for kind in selection.types if kind.has_revenue]
    starts = await read_starts(connection, selection, earning)
    question = selection.question(starts, earning=True)
    tallies = await tally(connection, source.facts, question, page)
    return RevenueAnswer(
        range=range_of(selection),
        as_of=source.standing.as_of,
        freshness_seconds=source.standing.age,
        group_count=tallies.group_count,
        next_cursor=next_cursor(selection, page, tallies),
        groups=[RevenueGroup(**_members(selection, group)) for group in tallies.groups],
        series=series_of(selection, starts, tallies, RevenuePoint, _members),
        **_sales(tallies.total),
    )


def _members(selection: Selection, group: Tally) -> dict[str, Any]:
    return {**dimensions(selection, group), **_sales(group)}


def _sales(tallied: Tally) -> dict[str, Any]:
    return {
        "total_revenue": money(tallied.revenue),
        "transaction_count": tallied.transactions,
        "average_order_value": average_money(tallied.revenue, tallied.transactions),
    }


_DIMENSIONS = ("source", "campaignId", "eventType", "country", "purchasedItem")

REVENUE = Report(
    name="revenue",
    build=build,
    parameters=(*RANGE, *FILTERS, grouping(_DIMENSIONS), *SERIES, *paging("revenue"), FORMAT),
    table=Table(RevenueGroup, RevenuePoint),
    group_by=("source", "eventType"),
    by="revenue",
)
