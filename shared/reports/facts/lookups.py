"""Funnels from indexes: of whole sources, in any range and in its intervals."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from shared.reports.facts.arrays import Array
from shared.reports.facts.catalog import Limits, microseconds
from shared.reports.facts.classes import CLASSES, FIRST_TYPES, TYPE_BITS, split_by_stage
from shared.reports.facts.funnels import Figures, Funnel, Funnels
from shared.reports.facts.memory import View
from shared.reports.facts.sums import whole_sum
from shared.reports.facts.visits import Index
from shared.reports.intervals import require_points
from shared.reports.questions import Key, Page, Question, Tally
from shared.reports.tallies import collect

_WORTH: Final = 20_000
"""To scan so many events takes about as long as to look up one interval."""


_TOGETHER: Final = 4
"""Figures of users beside those of each type: top, bottom, both and any."""


def looked_up(view: View, question: Question, page: Page) -> Funnels | None:
    """Return the funnels of a page of groups, None where a scan is the better way."""
    if view.indexes is None:
        return None
    limits = Limits.of(question.span)
    if question.starts and len(question.starts) * _WORTH > _events(view, limits):
        return None
    return lookup(view.indexes, question, page)


def lookup(indexes: Mapping[str, Index], question: Question, page: Page) -> Funnels:
    """Answer a question that is_indexed(). Raises Problem invalid_parameter."""
    span = Limits.of(question.span)
    sources = [_Source(source, index, question) for source, index in indexes.items()]
    whole = [source.found([span]) for source in sources]
    series = [source.found(_intervals(span, question)) for source in sources]
    if question.starts:
        parts = [tally for found in series for tally in found.tallies]
    else:
        parts = [tally._replace(start=None) for found in whole for tally in found.tallies]
    tallies = collect(question, page, parts)
    require_points(len(tallies.groups), len(question.starts))
    return Funnels(
        tallies,
        _funnels(whole, [(0, group) for group in tallies.groups]),
        _funnels(series, [(point.start or 0, point) for point in tallies.series]),
    )


def _events(view: View, limits: Limits) -> int:
    spans = [chunk.span(limits) for chunks in view.chunks.values() for chunk in chunks]
    return sum(span.stop - span.start for span in spans)


def _intervals(span: Limits, question: Question) -> list[Limits]:
    starts = [max(span.first, microseconds(start)) for start in question.starts]
    return [Limits(first, end) for first, end in pairwise([*starts, span.end])]


class _Found(NamedTuple):
    """What is counted of a source: of each of some intervals."""

    source: str
    tallies: Sequence[Tally]
    events: Array
    users: Array


class _Source:
    """A source's index, and which of its types and classes a question is about."""

    def __init__(self, source: str, index: Index, question: Question) -> None:
        self._source = source
        self._index = index
        self._key: Key = (source,) if question.group_by else ()
        first = FIRST_TYPES[source]
        *stages, every = split_by_stage(question, source)
        self._chosen = np.array([number in every for number in range(first, first + TYPE_BITS)])
        self._classes = [
            CLASSES[source].index(types) if types else None for types in (*stages, every)
        ]

    def found(self, limits: Sequence[Limits]) -> _Found:
        """Return what is counted in ranges."""
        tallies = []
        events = np.zeros((len(limits), TYPE_BITS), np.int64)
        users = np.zeros((len(limits), TYPE_BITS + _TOGETHER), np.int64)
        for at, each in enumerate(limits):
            totals, by_class = self._index.within(each)
            events[at] = totals.events * self._chosen
            top, bottom, anything = (
                0 if number is None else int(by_class[number]) for number in self._classes
            )
            users[at, :TYPE_BITS] = by_class[:TYPE_BITS]
            users[at, TYPE_BITS:] = top, bottom, top + bottom - anything, anything
            high, low = (part * self._chosen for part in (totals.high, totals.low))
            transactions = int((totals.transactions * self._chosen).sum())
            revenue = Decimal(whole_sum(high, low)).scaleb(-4)
            tallies.append(Tally(self._key, int(events[at].sum()), transactions, revenue, at))
        return _Found(self._source, tallies, events, users)


def _funnels(found: Sequence[_Found], points: Sequence[tuple[int, Tally]]) -> list[Funnel]:
    """Return the funnels of points, each of an interval and a group."""
    figures = Figures(len(points))
    at = np.array([interval for interval, _ in points], np.intp)
    for each in found if points else ():
        inside = np.array([tally.key in {(), (each.source,)} for _, tally in points])[:, np.newaxis]
        figures.add(each.source, each.events[at] * inside, each.users[at] * inside)
    return [figures.funnel(place, tally) for place, (_, tally) in enumerate(points)]
