"""A batch: the events of one request, with the publisher's own knowledge of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Batch:
    """Events as JSON. `kinds` and `amounts` are as in Minted.

    `numbers` says which event of the run each one is: a duplicate carries its original's number.
    """

    events: list[bytes]
    kinds: bytearray
    amounts: dict[int, int]
    numbers: Sequence[int]
    duplicates: int = field(default=0)

    def __len__(self) -> int:
        return len(self.kinds)
