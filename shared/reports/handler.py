"""The handler that all report functions share."""

import time
from contextlib import aclosing
from functools import partial
from http import HTTPStatus

from shared.access.database import DatabaseKeys
from shared.access.guard import by_scope
from shared.metrics import Counter, Histogram
from shared.reports.cache import AnswerCache
from shared.reports.export import Export, TaggedPages, is_export, read_pages
from shared.reports.facts.facts import Facts
from shared.reports.formats import writer
from shared.reports.presenting import headers_of, present, table_headers
from shared.reports.report import Report, Store
from shared.reports.revision import is_known, read_standing
from shared.reports.selection import Selection
from shared.reports.slots import Slots
from shared.reports.totals import is_rolled_up
from shared.requests import Request, Response, require_method
from shared.settings import MIB, Settings
from shared.store.pool import Database
from shared.telemetry import DURATION_BUCKETS

GENERATED = Counter("reporter_reports_generated_total", "Reports that were answered.", ("report",))
DURATION = Histogram(
    "reporter_report_generation_duration_seconds",
    "Time to make a report, from its parameters to its answer.",
    ("report",),
    buckets=DURATION_BUCKETS,
)

_CACHE_BYTES = 8 * MIB

guarding = by_scope("report", lambda handler: DatabaseKeys(handler.database))
"""How report functions are guarded."""


class ReportHandler:
    """Answers `GET` and `HEAD` of one report, whatever the path.

    Callers that name an answer's `etag` in If-None-Match get 304 while its figures are the same.
    What rollups do not answer, and exports, leave connections to the rest.
    """

    def __init__(self, report: Report, chosen: Settings) -> None:
        self._report = report
        self._facts = Facts(chosen.report_memory)
        self._answers = AnswerCache(_CACHE_BYTES)
        self.database = Database(chosen, f"report-{report.name}")
        self._costly = Slots(chosen.database_pool_size - 1, chosen.database_timeout)
        self._exports = Slots(chosen.database_pool_size // 2, chosen.database_timeout)
        self._export_timeout = chosen.export_timeout

    async def open(self) -> None:
        """Begin to connect to the database."""
        await self.database.open()

    async def close(self) -> None:
        """Disconnect."""
        await self.database.close()

    async def ready(self) -> None:
        """Raise Problem database_unavailable unless the database answers."""
        await self.database.ping()

    async def handle(self, request: Request) -> Response:
        """Answer the report.

        Raises Problem method_not_allowed, invalid_parameter, not_acceptable, rows_expired,
        too_many_requests, database_unavailable or query_timeout.
        """
        require_method(request, "GET", "HEAD")
        selection = self._report.read(request.query, request.headers.get("accept"))
        with DURATION.labels(self._report.name).time():
            response = await self._answer(request, selection)
        GENERATED.labels(self._report.name).inc()
        return response

    async def _answer(self, request: Request, selection: Selection) -> Response:
        """Answer the report, or that the caller has it."""
        if_none_match = request.headers.get("if-none-match")
        if if_none_match is not None:
            read = partial(read_standing, selection=selection)
            tag = (await self.database.glance(read)).tag
            if is_known(tag, if_none_match):
                return Response(HTTPStatus.NOT_MODIFIED, headers=headers_of(tag))
        if is_export(self._report, selection):
            return await self._export(selection)
        if self._report.costly or not is_rolled_up(selection.question()):
            async with self._costly.one():
                return await self._whole(request, selection)
        return await self._whole(request, selection)

    async def _whole(self, request: Request, selection: Selection) -> Response:
        async with self.database.snapshot() as connection:
            standing = await read_standing(connection, selection)
            answer = self._answers.find(selection, standing.tag)
            if answer is None:
                store = Store(connection, self._facts, standing)
                answer = await self._report.build(store, selection)
                self._answers.keep(selection, standing.tag, answer)
            else:
                answer.as_of, answer.freshness_seconds = standing.as_of, standing.age
        response = present(self._report, selection, answer, request.query)
        response.headers.update(headers_of(standing.tag))
        return response

    async def _export(self, selection: Selection) -> Response:
        """Answer with a stream; what goes wrong before its first part is a problem."""
        pages = self._pages(selection)
        tag, first = await anext(pages)
        form, table = selection.format or "csv", self._report.table
        columns = table.columns(selection.group_by, series=selection.interval is not None)
        headers = {**table_headers(self._report.name, form, first), **headers_of(tag)}
        stream = Export(pages, first, table, writer(form, columns))
        return Response(200, headers=headers, stream=stream)

    async def _pages(self, selection: Selection) -> TaggedPages:
        until = time.monotonic() + self._export_timeout
        async with (
            self._exports.one(),
            self._costly.one(),
            self.database.snapshot(unbounded=True) as connection,
        ):
            standing = await read_standing(connection, selection)
            store = Store(connection, self._facts, standing)
            async with aclosing(read_pages(self._report, store, selection, until)) as answers:
                async for answer in answers:
                    yield standing.tag, answer
