"""Events and distinct users by stage and type, of groups and of their intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from shared.events.model import EVENT_TYPES
from shared.reports.facts.arrays import Array
from shared.reports.facts.chunks import is_constant
from shared.reports.facts.classes import FIRST_TYPES, TYPE_BITS
from shared.reports.facts.memory import View
from shared.reports.facts.persons import users_by_types
from shared.reports.facts.tallying import Points, count, points
from shared.reports.questions import Page, Question, Tallies, Tally


@dataclass(frozen=True, slots=True)
class Step:
    """Events, and how many distinct users they are of."""

    events: int
    users: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """A group, or a group in one interval; `types` are those with events, by their ids."""

    tally: Tally
    users: int
    stages: dict[str, Step]
    both: int
    types: dict[int, Step]


@dataclass(frozen=True, slots=True)
class Funnels:
    """The funnels of a page's groups, in its order, and of their intervals."""

    tallies: Tallies
    groups: list[Funnel]
    series: list[Funnel]


def funnels(view: View, question: Question, page: Page) -> Funnels:
    """Return the funnels of a page of groups."""
    counted = count(view, question, page)
    groups, chosen, tallies = counted.groups, counted.chosen, counted.tallies
    figures = _figures(chosen.size, points(groups, chosen))
    found = [figures.funnel(at, each) for at, each in enumerate(tallies.groups)]
    series: list[Funnel] = []
    if question.starts:
        size = len(question.starts) * chosen.size
        figures = _figures(size, points(groups, chosen, question.starts))
        series = [
            figures.funnel(at, each)
            for at, each in zip(figures.with_events(), tallies.series, strict=True)
        ]
    return Funnels(tallies, found, series)


def _figures(size: int, parts: Iterable[Points]) -> "Figures":
    figures = Figures(size)
    for part in parts:
        source = part.rows.source
        types = part["type_id"] - np.uint8(FIRST_TYPES[source])
        if is_constant(part.numbers):
            events = np.zeros((size, TYPE_BITS), np.int64)
            events[part.numbers[0]] = np.bincount(types, minlength=TYPE_BITS)
        else:
            numbers = part.numbers * np.int64(TYPE_BITS) + types
            events = np.bincount(numbers, minlength=size * TYPE_BITS).reshape(size, TYPE_BITS)
        figures.add(source, events, users_by_types(part, size))
    return figures


class Figures:
    """What is counted of each of some points: events by type, and users by what they did."""

    def __init__(self, size: int) -> None:
        self._events = np.zeros((size, len(EVENT_TYPES)), np.int64)
        self._users: dict[str, Array] = {}

    def add(self, source: str, events: Array, users: Array) -> None:
        """Add a source's points: events of its types, and users as users_by_types() has them."""
        first = FIRST_TYPES[source] - 1
        self._events[:, first : first + TYPE_BITS] = events
        self._users[source] = users

    def with_events(self) -> list[int]:
        """Return the points that have events."""
        found: list[int] = np.flatnonzero(self._events.any(axis=1)).tolist()
        return found

    def funnel(self, point: int, tally: Tally) -> Funnel:
        """Return what is known of a point."""
        events = self._events[point].tolist()
        types: dict[int, Step] = {}
        stages = {"top": Step(0, 0), "bottom": Step(0, 0)}
        both = anything = 0
        for source, users in self._users.items():
            *by_type, top, bottom, in_both, in_any = users[point].tolist()
            both, anything = both + in_both, anything + in_any
            for stage, more in (("top", top), ("bottom", bottom)):
                stages[stage] = Step(stages[stage].events, stages[stage].users + more)
            kinds = [kind for kind in EVENT_TYPES if kind.source == source]
            for kind, number in zip(kinds, by_type, strict=True):
                if events[kind.id - 1]:
                    types[kind.id] = Step(events[kind.id - 1], number)
        for kind in EVENT_TYPES:
            step = stages[kind.funnel_stage]
            stages[kind.funnel_stage] = Step(step.events + events[kind.id - 1], step.users)
        return Funnel(tally, anything, stages, both, types)
