"""The indexes that are held of what is in memory."""

from collections.abc import Mapping, Sequence

from shared.reports.facts.chunks import Chunk
from shared.reports.facts.visits import Index

Chunks = Mapping[str, Sequence[Chunk]]


class Indexes:
    """An index for each source, of the chunks that were asked for last."""

    def __init__(self) -> None:
        self._held: dict[str, Index] = {}
        self._refused: tuple[int, list[int]] | None = None

    @property
    def nbytes(self) -> int:
        """Return how many bytes they take."""
        return sum(index.nbytes for index in self._held.values())

    def follow(self, chunks: Chunks) -> None:
        """Forget what is about other chunks than some."""
        self._held = {
            source: index.only(chunks.get(source, ())) for source, index in self._held.items()
        }

    def of(self, chunks: Chunks, room: int) -> Mapping[str, Index] | None:
        """Return the indexes of chunks; None if they take more than `room` bytes of memory.

        Chunks for which there was no room are not tried again until there is more of it.
        """
        asked = [id(chunk.order) for source in sorted(chunks) for chunk in chunks[source]]
        if self._refused is not None and self._refused[1] == asked and room <= self._refused[0]:
            return None
        before = self.nbytes
        made = {
            source: self._held.get(source, Index(source)).of(those)
            for source, those in chunks.items()
        }
        held = self._held | made
        if sum(index.nbytes for index in held.values()) - before > room:
            self._refused = (room, asked)
            return None
        self._held, self._refused = held, None
        return made

    def clear(self) -> None:
        """Forget all of them."""
        self._held = {}
