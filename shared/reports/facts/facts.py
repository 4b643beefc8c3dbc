"""Answers from segments: what rollups cannot tell, and all distinct users.

NumPy and the scans are imported with the first question, so that a function that has had none
starts fast and stays small.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from shared.reports.facts.classes import is_indexed
from shared.reports.facts.coverage import require_segments
from shared.reports.questions import Page, Question, Tallies
from shared.store.pool import Connection

if TYPE_CHECKING:
    from shared.reports.facts.funnels import Funnels
    from shared.reports.facts.memory import Memory, View
    from shared.reports.facts.people import People

_Answer = TypeVar("_Answer")

_COLUMNS: Mapping[str, str] = {
    "country": "country",
    "campaignId": "campaign",
    "device": "device",
    "purchasedItem": "item",
}
"""What grouping by a dimension needs, beside the type."""

_OF_PEOPLE: Mapping[str, frozenset[str]] = {
    "facebook": frozenset({"person", "age", "gender", "country", "city"}),
    "tiktok": frozenset(
        {"person", "followers", "device", "country", "watch_time", "percentage_watched"}
    ),
}


class Facts:
    """The segments that one process holds, in at most `limit` bytes, and questions about them.

    A question is answered from the snapshot that its connection is in. Scans run in threads, as
    many at once as there are processors.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._memory: Memory | None = None
        self._scans = asyncio.Semaphore(os.cpu_count() or 1)

    async def tallies(self, connection: Connection, question: Question, page: Page) -> Tallies:
        """Count by group and interval.

        Raises Problem rows_expired, segments_behind, selection_too_large or invalid_parameter.
        """
        view = await self._view(connection, question, {})

        def scan() -> Tallies:
            from shared.reports.facts.tallying import count  # noqa: PLC0415 - with NumPy

            return count(view, question, page).tallies

        return await self._scan(scan)

    async def funnels(self, connection: Connection, question: Question, page: Page) -> "Funnels":
        """Count events and distinct users by stage and type, by group and interval.

        Raises Problem rows_expired, segments_behind, selection_too_large or invalid_parameter.
        """
        indexed = is_indexed(question)
        names = frozenset({"person", "revenue"} if indexed else {"person"})
        columns = {"facebook": names, "tiktok": names}
        view = await self._view(connection, question, columns, indexed=indexed)

        def scan() -> "Funnels":
            from shared.reports.facts.funnels import funnels  # noqa: PLC0415 - with NumPy
            from shared.reports.facts.lookups import looked_up  # noqa: PLC0415 - likewise

            return looked_up(view, question, page) or funnels(view, question, page)

        return await self._scan(scan)

    async def people(
        self,
        connection: Connection,
        question: Question,
        describe: "Callable[[Mapping[str, People]], _Answer]",
    ) -> _Answer:
        """Return what `describe` says, in a thread, of each source that has events.

        Raises Problem rows_expired, segments_behind or selection_too_large.
        """
        view = await self._view(connection, question, _OF_PEOPLE)

        def scan() -> _Answer:
            from shared.reports.facts.people import People  # noqa: PLC0415 - with NumPy
            from shared.reports.facts.rows import select  # noqa: PLC0415 - likewise

            return describe({rows.source: People(rows) for rows in select(view, question)})

        return await self._scan(scan)

    async def _view(
        self,
        connection: Connection,
        question: Question,
        more: Mapping[str, frozenset[str]],
        *,
        indexed: bool = False,
    ) -> "View":
        await require_segments(connection, question.types, question.span)
        if self._memory is None:
            self._memory = await asyncio.to_thread(_new_memory, self._limit)
        names = frozenset(_columns(question))
        sources = sorted({kind.source for kind in question.types})
        wanted: dict[str, frozenset[str]] = {
            source: names | more.get(source, frozenset()) for source in sources
        }
        return await self._memory.view(connection, question.span, wanted, indexed=indexed)

    async def _scan(self, scan: Callable[[], _Answer]) -> _Answer:
        async with self._scans:
            return await asyncio.to_thread(scan)


def _new_memory(limit: int) -> "Memory":
    from shared.reports.facts.memory import Memory  # noqa: PLC0415 - with NumPy

    return Memory(limit)


def _columns(question: Question) -> Iterable[str]:
    """Yield the columns that filters, groups and sums need."""
    yield "type_id"
    if any(kind.has_revenue for kind in question.types):
        yield "revenue"
    if question.countries is not None:
        yield "country"
    if question.campaigns is not None:
        yield "campaign"
    for name in question.group_by:
        if name in _COLUMNS:
            yield _COLUMNS[name]
