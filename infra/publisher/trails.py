"""A bounded memory of what just happened, to continue it later."""

from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Trail(Generic[T]):
    """The latest `size` things."""

    def __init__(self, rng: Random, size: int) -> None:
        self._rng = rng
        self._size = size
        self._things: list[T] = []
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._things)

    def add(self, thing: T) -> None:
        """Remember a thing, in the place of the oldest if there is no room."""
        if len(self._things) < self._size:
            self._things.append(thing)
            return
        self._things[self._oldest] = thing
        self._oldest = (self._oldest + 1) % self._size

    def pick(self) -> T:
        """Return one of them. Raises IndexError when there is none."""
        return self._things[int(self._rng.random() * len(self._things))]
