"""Counts and sums by group and by interval."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from shared.reports.facts.arrays import Array
from shared.reports.facts.dimensions import dimension
from shared.reports.facts.groups import Grouping, Groups, amount
from shared.reports.facts.memory import View
from shared.reports.facts.rows import Rows, select
from shared.reports.facts.sums import grouped_sums, whole_sum
from shared.reports.intervals import require_points
from shared.reports.questions import Page, Question, Tallies, Tally


@dataclass(frozen=True, slots=True)
class Counted:
    """A question's groups, which of them are on the page, and what is counted of these."""

    groups: Groups
    chosen: Array
    tallies: Tallies


def count(view: View, question: Question, page: Page) -> Counted:
    """Answer a question. Raises Problem invalid_parameter if its series would be too long."""
    found = select(view, question, paid=page.by == "revenue")
    dimensions = [dimension(n, question.types, view.dictionaries) for n in question.group_by]
    groups = Groups(Grouping(dimensions), found, amounts=earns(question))
    chosen, more = groups.page(page)
    picked = groups.tallies(chosen)
    total = Tally(
        (),
        int(groups.events.sum()),
        int(groups.transactions.sum()),
        Decimal(whole_sum(groups.high, groups.low)).scaleb(-4),
    )
    require_points(chosen.size, len(question.starts))
    series = _series(groups, chosen, picked, question) if question.starts else []
    return Counted(groups, chosen, Tallies(total, picked, groups.keys.size, more, series))


def earns(question: Question) -> bool:
    """Say whether any of the events may carry an amount."""
    return any(kind.has_revenue for kind in question.types)


@dataclass(frozen=True, slots=True)
class Points:
    """Rows, and the number of the point that each is in: by interval, then by group."""

    rows: Rows
    inside: Array | slice
    numbers: Array

    def __getitem__(self, name: str) -> Array:
        """Return a column of these rows."""
        column: Array = self.rows[name][self.inside]
        return column


def points(groups: Groups, chosen: Array, starts: Sequence[datetime] = ()) -> Iterator[Points]:
    """Yield of each source the rows that are in chosen groups; without `starts` by group alone."""
    for rows, position in groups.positions(chosen):
        known = position >= 0
        inside: Array | slice = slice(None) if known.all() else np.flatnonzero(known)
        numbers = position[inside]
        if starts:
            numbers = rows.intervals(starts)[inside] * chosen.size + numbers
        if numbers.size:
            yield Points(rows, inside, numbers)


def _series(
    groups: Groups, chosen: Array, picked: Sequence[Tally], question: Question
) -> list[Tally]:
    size = len(question.starts) * chosen.size
    events, transactions, high, low = (np.zeros(size, np.int64) for _ in range(4))
    for part in points(groups, chosen, question.starts):
        numbers = part.numbers
        events += np.bincount(numbers, minlength=size)
        if earns(question):
            amounts = part["revenue"]
            paid = np.flatnonzero(amounts >= 0)
            transactions += np.bincount(numbers[paid], minlength=size)
            more_high, more_low = grouped_sums(numbers[paid], amounts[paid], size)
            high += more_high
            low += more_low
    series = []
    for point in np.flatnonzero(events).tolist():
        start, group = divmod(point, chosen.size)
        revenue = amount(int(high[point]), int(low[point]))
        series.append(
            Tally(picked[group].key, int(events[point]), int(transactions[point]), revenue, start)
        )
    return series
