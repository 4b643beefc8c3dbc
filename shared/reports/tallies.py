"""Puts counts of groups together: totals, the page that is asked for, and its series."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from shared.reports.questions import Key, Page, Question, Tallies, Tally, rank

_NOTHING = Decimal(0)
_Place = tuple[Key, int | None]


def collect(question: Question, page: Page, parts: Iterable[Tally]) -> Tallies:
    """Return the answer to a question from its groups, each in any number of parts.

    Where the question has intervals, parts say in which they are.
    """
    counted = [_counted(part, page) for part in parts]
    every = _add(counted, lambda _part: ((), None))
    groups = _add(counted, lambda part: (part.key, None))
    ranked = sorted(groups, key=lambda group: rank(question.group_by, page, group))
    wanted = [group for group in ranked if _follows(question, page, group)]
    shown = wanted[: page.limit]
    order = {group.key: place for place, group in enumerate(shown)}
    points = (part for part in counted if part.start is not None and part.key in order)
    series = _add(points, lambda part: (part.key, part.start))
    return Tallies(
        total=every[0] if every else Tally((), 0, 0, _NOTHING),
        groups=shown,
        group_count=len(groups),
        more=len(wanted) > len(shown),
        series=sorted(series, key=lambda point: (point.start or 0, order[point.key])),
    )


def _counted(part: Tally, page: Page) -> Tally:
    """Return what of a part counts: of a page by revenue the events that carry an amount."""
    return part if page.by == "events" else part._replace(events=part.transactions)


def _follows(question: Question, page: Page, group: Tally) -> bool:
    """Say whether a group comes after those of the pages before."""
    if page.after is None:
        return True
    return rank(question.group_by, page, group) > rank(question.group_by, page, page.after)


def _add(parts: Iterable[Tally], place: Callable[[Tally], _Place]) -> list[Tally]:
    """Return the sums of the parts that have the same place; those without events vanish."""
    sums: dict[_Place, Tally] = {}
    for part in parts:
        key, start = place(part)
        known = sums.get((key, start), Tally(key, 0, 0, _NOTHING))
        sums[key, start] = Tally(
            key,
            known.events + part.events,
            known.transactions + part.transactions,
            known.revenue + part.revenue,
            start,
        )
    return [tally for tally in sums.values() if tally.events]
