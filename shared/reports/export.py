"""All groups of a report as a table, in memory that does not grow with them."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace

from shared.errors import Problem
from shared.reports.answers import Answer, Groups
from shared.reports.cursors import read_cursor
from shared.reports.formats import Writer
from shared.reports.intervals import MOST_POINTS
from shared.reports.report import Report, Store
from shared.reports.selection import MOST_GROUPS, Selection
from shared.reports.tables import Table
from shared.reports.totals import read_starts

TaggedPages = AsyncGenerator[tuple[str, Answer], None]
"""Pages of one snapshot, each with the tag of all."""


def is_export(report: Report, selection: Selection) -> bool:
    """Say whether a request is for all groups, however many."""
    pages = any(parameter.name == "limit" for parameter in report.parameters)
    whole = selection.limit is None and selection.cursor is None
    return pages and whole and selection.format != "json"


async def read_pages(
    report: Report, store: Store, selection: Selection, until: float
) -> AsyncGenerator[Answer, None]:
    """Yield answers with all groups between them; `until` is a time.monotonic().

    Raises Problem.
    """
    starts = await read_starts(store.connection, selection, selection.types)
    groups = min(MOST_GROUPS, max(1, MOST_POINTS // max(1, len(starts))))
    following = replace(selection, limit=groups)
    while True:
        answer = await report.build(store, following)
        yield answer
        if not isinstance(answer, Groups) or answer.next_cursor is None:
            return
        if time.monotonic() > until:
            raise Problem("query_timeout", "The export took too long: take pages, by `limit`.")
        following = replace(following, cursor=read_cursor(answer.next_cursor, report.by))


class Export:
    """The parts of a table, the stream of a response; what it reads from is open already."""

    def __init__(self, pages: TaggedPages, first: Answer, table: Table, made: Writer) -> None:
        self._pages = pages
        self._first = first
        self._table = table
        self._writer = made

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts. Raises Problem."""
        yield self._writer.head() + self._writer.write(self._table.rows(self._first))
        async for _, answer in self._pages:
            yield self._writer.write(self._table.rows(answer))
        yield self._writer.end()

    async def aclose(self) -> None:
        """Let go of the snapshot."""
        await self._pages.aclose()
