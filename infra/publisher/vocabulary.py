"""Words that people, places and goods are named with, from vocabulary.json beside this module."""

from itertools import chain, product
from pathlib import Path
from typing import Final

import msgspec


class Market(msgspec.Struct, frozen=True):
    """A country, its weight among users and its cities, largest first."""

    country: str
    weight: float
    cities: tuple[str, ...]


class Vocabulary(msgspec.Struct, frozen=True, rename="camel"):
    """The file's content."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    adjectives: tuple[str, ...]
    materials: tuple[str, ...]
    products: tuple[str, ...]
    city_prefixes: tuple[str, ...]
    city_suffixes: tuple[str, ...]
    countries: tuple[str, ...]
    markets: tuple[Market, ...]

    def goods(self) -> tuple[str, ...]:
        """Return thousands of names of goods."""
        return tuple(map(" ".join, product(self.adjectives, self.materials, self.products)))

    def cities(self) -> tuple[str, ...]:
        """Return tens of thousands of city names, invented the way fake-data libraries do."""
        people = self.first_names + self.last_names
        stems = tuple(a + b for a, b in product(people, self.city_suffixes))
        prefixed = chain(
            product(self.city_prefixes, self.first_names), product(self.city_prefixes, stems)
        )
        return (*stems, *map(" ".join, prefixed))


VOCABULARY: Final = msgspec.json.decode(
    Path(__file__).with_name("vocabulary.json").read_bytes(), type=Vocabulary
)
