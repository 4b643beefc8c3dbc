"""The last answers of a report: what has not changed is not computed again."""

from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

import msgspec

from shared.reports.answers import Answer
from shared.reports.selection import Selection


class _Kept(NamedTuple):
    tag: str
    kind: type[Answer]
    content: bytes


class AnswerCache:
    """Answers by what was asked, of at most `limit` bytes as JSON; those not asked for go first.

    An answer is good while the tag of its data (shared.reports.revision) is the same; how fresh it
    is changes all the same, and is the caller's to put in.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Selection, _Kept] = OrderedDict()
        self._size = 0

    def find(self, selection: Selection, tag: str) -> Answer | None:
        """Return an answer of its own to a selection of the data that the tag stands for."""
        key = _key(selection)
        kept = self._kept.get(key)
        if kept is None or kept.tag != tag:
            return None
        self._kept.move_to_end(key)
        return msgspec.json.decode(kept.content, type=kept.kind)

    def keep(self, selection: Selection, tag: str, answer: Answer) -> None:
        """Remember an answer, in place of the one to the same selection of other data."""
        key = _key(selection)
        self._drop(key)
        kept = _Kept(tag, type(answer), msgspec.json.encode(answer))
        self._kept[key] = kept
        self._size += len(kept.content)
        while self._size > self._limit:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Selection) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= len(kept.content)


def _key(selection: Selection) -> Selection:
    """Return what is asked, in whatever form it is to be answered."""
    return replace(selection, format=None)
