"""Figures about the users of one source, read with one query.

Users are distinct user ids. What is known of a user is what the latest event of the selection
that carries it says, by time, then by event id.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from shared.events.model import EventType
from shared.reports.answers import CityShare, CountryShare
from shared.reports.figures import mean, share
from shared.reports.selection import Selection, Values
from shared.reports.totals import bounds
from shared.store.pool import Connection
from shared.store.queries import query

TOP = 10
"""Countries and cities shown: those with the most users, equals by name."""


class _Figure(NamedTuple):
    """A row of schema/queries/report_*_users.sql; what a part does not have is None."""

    part: str
    bucket: int | None
    label: str | None
    city: str | None
    number: int
    total: Decimal | None


class People:
    """What one query found out."""

    def __init__(self, figures: Sequence[_Figure]) -> None:
        self._parts: dict[str, list[_Figure]] = defaultdict(list)
        for figure in figures:
            self._parts[figure.part].append(figure)

    @property
    def users(self) -> int:
        """Return how many distinct users there are."""
        return sum(person.number for person in self._parts["person"])

    def average(self) -> float | None:
        """Return the mean of the users' measure: age, or followers."""
        persons = self._parts["person"]
        total = sum((person.total or Decimal(0) for person in persons), Decimal(0))
        return mean(total, sum(person.number for person in persons if person.total is not None))

    def by_range(self, names: Sequence[str]) -> dict[str, int]:
        """Count users by the range of their measure; `names` are those of all ranges."""
        counts: Counter[int | None] = Counter()
        for person in self._parts["person"]:
            counts[person.bucket] += person.number
        return {name: counts[bucket] for bucket, name in enumerate(names)}

    def by_label(self, labels: Sequence[str]) -> dict[str, int]:
        """Count users by gender, or device."""
        counts: Counter[str | None] = Counter()
        for person in self._parts["person"]:
            counts[person.label] += person.number
        return {label: counts[label] for label in labels}

    def countries(self) -> list[CountryShare]:
        """Return the countries with the most users."""
        return [
            CountryShare(country=str(place.label), users=place.number, share=self._share(place))
            for place in self._parts["country"]
        ]

    def cities(self) -> list[CityShare]:
        """Return the cities with the most users."""
        return [
            CityShare(
                country=str(place.label),
                city=str(place.city),
                users=place.number,
                share=self._share(place),
            )
            for place in self._parts["city"]
        ]

    def event_mean(self, part: str) -> float | None:
        """Return the mean of a measure over the events that carry it."""
        [figure] = self._parts[part]
        return mean(figure.total or Decimal(0), figure.number)

    def _share(self, place: _Figure) -> float:
        [placed] = self._parts["placed"]
        return share(place.number, placed.number)


async def read_people(
    connection: Connection,
    name: str,
    selection: Selection,
    types: Sequence[EventType],
    limits: Sequence[int],
) -> People:
    """Run the query `name` over the events of `types`.

    `limits` are the lower limits of all ranges of the users' measure but the first.
    """
    values = {
        "types": [kind.id for kind in types],
        "bounds": list(limits),
        "top": TOP,
        "campaigns": _listed(selection.campaign_id),
        "countries": _listed(selection.country),
        **bounds(selection.span),
    }
    cursor = await connection.execute(query(name), values, prepare=False)
    return People([_Figure(*row) for row in await cursor.fetchall()])


def _listed(values: Values) -> list[str] | None:
    return None if values is None else list(values)
