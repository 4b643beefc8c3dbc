"""Texts by their codes, as bytes one after the other: millions of them are no Python objects."""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np

from shared.reports.facts.arrays import Array
from shared.reports.facts.codes import Codes

_PREFIX = 8
_GROWTH = 2
_FIRST = -2
"""The rank of None: a text before all others has -1."""


class _Piece(NamedTuple):
    """Texts of the codes from `first` on, each with a NUL behind it, and where they end."""

    first: int
    ends: Array
    content: Array
    longest: int


class Texts:
    """The different texts of a column, numbered by their hashes in the order of their coming."""

    def __init__(self) -> None:
        self.codes = Codes()
        self._pieces: tuple[_Piece, ...] = ()

    @property
    def nbytes(self) -> int:
        """Return how many bytes this takes."""
        kept = sum(piece.ends.nbytes + piece.content.nbytes for piece in self._pieces)
        return kept + self.codes.nbytes

    def assign(self, hashes: Array, joined: bytes, parts: int) -> Array:
        """Return the codes of entries.

        `joined` is their texts with a NUL between two; an entry is `parts` texts.
        """
        first = self.codes.count + 1
        codes, new = self.codes.assign(hashes)
        if new.any():
            content = np.frombuffer(joined + b"\0", np.uint8)
            lengths = np.diff(np.flatnonzero(content == 0)[parts - 1 :: parts] + 1, prepend=0)
            if not new.all():
                content = content[np.repeat(new, lengths)]
                lengths = lengths[new]
            self._add(_Piece(first, np.cumsum(lengths), content, int(lengths.max())))
        return codes

    def text(self, code: int) -> str:
        """Return the text of a code that is not 0."""
        pieces = self._pieces
        piece = pieces[bisect_right(pieces, code, key=lambda each: each.first) - 1]
        at = code - piece.first
        start = piece.ends[at - 1] if at else 0
        return piece.content[start : piece.ends[at] - 1].tobytes().decode()

    def ranks(self, codes: Array, value: str | None) -> tuple[Array, int]:
        """Return numbers in the order of texts, for codes, and for a text that none may have.

        None, and code 0 which stands for it, is the first.
        """
        different, inverse = np.unique(codes, return_inverse=True)
        texts = [self.text(code) if code else None for code in different.tolist()]
        known = sorted(text for text in texts if text is not None)
        places = {text: 2 * place for place, text in enumerate(known)}
        ranks = np.array([_FIRST if text is None else places[text] for text in texts], np.int64)
        if value is None:
            return ranks[inverse], _FIRST
        return ranks[inverse], places.get(value, 2 * bisect_left(known, value) - 1)

    def prefixes(self, codes: Array, depth: int) -> Array:
        """Return the 8 bytes of the codes' texts from 8 * depth on, as numbers in their order."""
        numbers = np.zeros(codes.size, np.uint64)
        for piece in self._pieces:
            here = np.flatnonzero((codes >= piece.first) & (codes < piece.first + piece.ends.size))
            at = codes[here] - piece.first
            ends = piece.ends[at]
            starts = np.where(at > 0, piece.ends[at - 1], 0) + depth * _PREFIX
            found = np.zeros(here.size, np.uint64)
            for offset in range(_PREFIX):
                inside = starts + offset < ends
                places = np.where(inside, starts + offset, 0)
                found = (found << np.uint64(8)) | np.where(inside, piece.content[places], 0).astype(
                    np.uint64
                )
            numbers[here] = found
        return numbers

    def longest(self) -> int:
        """Return the most bytes of a text."""
        return max((piece.longest for piece in self._pieces), default=0)

    def _add(self, piece: _Piece) -> None:
        pieces = list(self._pieces)
        while pieces and pieces[-1].ends.size < _GROWTH * piece.ends.size:
            larger = pieces.pop()
            ends = np.concatenate([larger.ends, piece.ends + larger.ends[-1]])
            content = np.concatenate([larger.content, piece.content])
            piece = _Piece(larger.first, ends, content, max(larger.longest, piece.longest))
        self._pieces = (*pieces, piece)
