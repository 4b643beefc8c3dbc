"""Who the events of one source come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shared.reports.facts.arrays import Array, smallest
from shared.reports.facts.columns import PERSON
from shared.reports.facts.persons import Latest, latest
from shared.reports.facts.rows import Rows
from shared.reports.facts.sums import mean_of_decimals, mean_of_integers
from shared.reports.facts.texts import Texts
from shared.reports.figures import share
from shared.segments.columns import NO_CODE

TOP: Final = 10
"""Places shown: those with the most users, equals by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that users are in; `share` is of the users whose place is known."""

    name: str
    users: int
    share: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that users have: its mean, and how many users are from each limit on."""

    average: float | None
    by_range: Sequence[int]


class People:
    """The users behind some events of one source."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._all: Latest | None = None

    @property
    def users(self) -> int:
        """Return how many distinct users there are."""
        return self._latest_of_all().users

    @property
    def events(self) -> int:
        """Return how many events there are."""
        return self._rows.size

    def measured(self, name: str, limits: Sequence[int]) -> Measured:
        """Describe a number of the users; `limits` begin all ranges but the first."""
        numbers = self._values(name, lambda column: column >= 0)
        ranges = np.searchsorted(np.array(limits), numbers, side="right")
        counts = np.bincount(ranges, minlength=len(limits) + 1)
        return Measured(mean_of_integers(numbers), counts.tolist())

    def labelled(self, name: str, labels: Sequence[str]) -> dict[str, int]:
        """Count users by a label, of which the column has the index."""
        places = np.argsort(np.argsort(np.array(labels, object)))
        codes = self._values(name, lambda column: column != NO_CODE, lambda found: places[found])
        counts = np.bincount(codes, minlength=len(labels)).tolist()
        return dict(zip(labels, counts, strict=True))

    def places(self, name: str) -> list[Place]:
        """Return the places with the most users, of a column of texts."""
        texts = self._rows.dictionaries.texts[name]
        codes = self._values(
            name, lambda column: column > 0, lambda codes: texts.ranks(codes, None)[0]
        )
        counts = np.bincount(codes)
        best = _most(counts, texts)
        return [
            Place(texts.text(code), int(counts[code]), share(int(counts[code]), codes.size))
            for code in best
        ]

    def event_mean(self, name: str) -> float | None:
        """Return the mean of a measure over the events that carry it."""
        column = self._rows[name]
        return mean_of_decimals(column[~np.isnan(column)])

    def _values(
        self,
        name: str,
        carries: Callable[[Array], Array],
        ranks: Callable[[Array], Array] | None = None,
    ) -> Array:
        """Return each user's value, by the latest event that carries one."""
        column = self._rows[name]
        carrying = carries(column)
        if (carrying | (self._rows[PERSON] == 0)).all():
            return self._latest_of_all().values(column, ranks)
        return latest(self._rows, carrying).values(column, ranks)

    def _latest_of_all(self) -> Latest:
        if self._all is None:
            self._all = latest(self._rows)
        return self._all


def _most(counts: Array, texts: Texts) -> list[int]:
    """Return the codes of the texts that are counted most, equals in the order of their bytes."""
    depths = -(-texts.longest() // 8)
    known = np.flatnonzero(counts)
    by_text = [lambda codes, depth=depth: texts.prefixes(codes, depth) for depth in range(depths)]
    found: list[int] = smallest(TOP, known, [lambda codes: -counts[codes], *by_text]).tolist()
    return found
