"""The report `revenue`: amounts to the cent, by source and type."""

from decimal import Decimal

from shared.reports.answers import RevenueAnswer, RevenueGroup
from shared.reports.figures import average_money, money
from shared.reports.parameters import FILTERS, FORMAT, RANGE, SERIES, grouping, paging
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.totals import Total, range_of, read_freshness, read_totals


async def build(source: Store, selection: Selection) -> RevenueAnswer:
    """Add up the revenue of a selection."""
    connection = source.connection
    freshness = await read_freshness(connection, selection)
    earning = [kind for kind in selection.types if kind.has_revenue]
    totals = await read_totals(connection, selection, earning)
    revenue = sum((total.revenue for total in totals), Decimal(0))
    count = sum(total.transactions for total in totals)
    return RevenueAnswer(
        range=range_of(selection),
        as_of=freshness.as_of,
        freshness_seconds=freshness.seconds,
        total_revenue=money(revenue),
        transaction_count=count,
        average_order_value=average_money(revenue, count),
        groups=[_group(total) for total in totals if total.transactions],
    )


def _group(total: Total) -> RevenueGroup:
    return RevenueGroup(
        source=total.kind.source,
        event_type=total.kind.name,
        total_revenue=money(total.revenue),
        transaction_count=total.transactions,
        average_order_value=average_money(total.revenue, total.transactions),
    )


_DIMENSIONS = ("source", "campaignId", "eventType", "country", "purchasedItem")

REVENUE = Report(
    name="revenue",
    build=build,
    parameters=(*RANGE, *FILTERS, grouping(_DIMENSIONS), *SERIES, *paging("revenue"), FORMAT),
    group_by=("source", "eventType"),
    by="revenue",
)
