"""Bodies from the stock, rendered while they are sent: little memory, whatever their size."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from infra.bench.stock import Stock
from infra.publisher.andriiuni import AndriiuniProfile
from infra.publisher.batch import Batch
from infra.publisher.bodies import Body
from infra.publisher.corruptions import corrupt
from infra.publisher.kinds import INVALID

_HEADERS: Final = {"content-type": "application/json"}
_PIECE: Final = 1_000
"""Events that are rendered at a time: what is sent at once stays in the processor's cache."""


class StreamedBody(Body):
    """A JSON array of events that `pieces()` renders, each time to the very same bytes.

    `tail` is a last event that is not of the stock; with none, the window has at least one event.
    """

    __slots__ = ("_stock", "_table", "_tail", "_window", "length")

    def __init__(
        self, stock: Stock, window: range, table: bytes, tail: bytes, batch: Batch
    ) -> None:
        super().__init__(b"", _HEADERS, batch)
        self._stock = stock
        self._window = window
        self._table = table
        self._tail = tail
        self.length = stock.length(window) + (len(tail) + 1 if tail else 0) + 1

    def pieces(self) -> Iterator[bytes]:
        """Yield the body's bytes; `length` says how many there are in all."""
        start, stop = self._window.start, self._window.stop
        for at in range(start, stop, _PIECE):
            piece = range(at, min(at + _PIECE, stop))
            text = self._stock.text(piece).translate(self._table)
            yield text if at > start else b"[" + text[1:]
        if self._tail:
            yield b"%b%b]" % (b"," if self._window else b"[", self._tail)
        else:
            yield b"]"


class Renderer:
    """Makes bodies of fresh events, numbered from 0 on.

    As with the public publisher, the last event of every tenth array or so is corrupt, or of the
    share `corrupts_last` (0..1).
    """

    def __init__(
        self, stock: Stock, rng: Random, corrupts_last: float = AndriiuniProfile.corrupts_last
    ) -> None:
        self._stock = stock
        self._rng = rng
        self._corrupts_last = corrupts_last
        self._made = 0

    def arrays(self, sizes: Iterable[int]) -> Iterator[Body]:
        """Yield an array of events for each size."""
        for size in sizes:
            yield self._array(self._stock.window(size))

    def singles(self, number: int | None) -> Iterator[Body]:
        """Yield valid events one by one, `number` of them or without end."""
        made = 0
        while number is None or made < number:
            size = min(_PIECE, len(self._stock), _PIECE if number is None else number - made)
            yield from self._ones(self._stock.window(size))
            made += size

    def _array(self, window: range) -> Body:
        table = self._table()
        batch = self._batch(window)
        if self._rng.random() >= self._corrupts_last:
            return StreamedBody(self._stock, window, table, b"", batch)
        last = len(window) - 1
        whole = self._stock.text(window[-1:]).translate(table)[1:]
        tail, corruption = corrupt(self._rng, whole, batch.kinds[last])
        if not corruption.stays_valid:
            batch.kinds[last] = INVALID
            batch.amounts.pop(last, None)
        return StreamedBody(self._stock, window[:-1], table, tail, batch)

    def _ones(self, window: range) -> Iterator[Body]:
        text = self._stock.text(window).translate(self._table())
        cuts = self._stock.cuts(window)
        whole = self._batch(window)
        for index, number in enumerate(whole.numbers):
            cents = whole.amounts.get(index)
            batch = Batch(
                events=[],
                kinds=whole.kinds[index : index + 1],
                amounts={} if cents is None else {0: cents},
                numbers=range(number, number + 1),
            )
            yield Body(text[cuts[index] : cuts[index + 1] - 1], _HEADERS, batch)

    def _table(self) -> bytes:
        # The stock spreads events over a second, which has to be over.
        second = datetime.now(UTC) - timedelta(seconds=1)
        return self._stock.alphabet.table(self._rng, second)

    def _batch(self, window: range) -> Batch:
        batch = self._stock.batch(window, self._made)
        self._made += len(window)
        return batch


def length_of(body: Body) -> int:
    """Return a body's length in bytes."""
    return body.length if isinstance(body, StreamedBody) else len(body.content)


def pieces_of(body: Body) -> Iterable[bytes]:
    """Return a body's bytes, in one or several pieces."""
    return body.pieces() if isinstance(body, StreamedBody) else (body.content,)
