"""The handler that all report functions share."""

from http import HTTPStatus

from prometheus_client import Counter, Histogram

from shared.reports.facts.facts import Facts
from shared.reports.report import Report, Store
from shared.reports.revision import is_known, read_tag
from shared.reports.selection import Selection
from shared.settings import Settings
from shared.store.pool import Database
from shared.telemetry import DURATION_BUCKETS
from shared.web import Request, Response, require_method

GENERATED = Counter("reporter_reports_generated_total", "Reports that were answered.", ("report",))
DURATION = Histogram(
    "reporter_report_generation_duration_seconds",
    "Time to make a report, from its parameters to its answer.",
    ("report",),
    buckets=DURATION_BUCKETS,
)


class ReportHandler:
    """Answers `GET` and `HEAD` of one report, whatever the path.

    Callers that name an answer's `etag` in If-None-Match get 304 while its figures are the same.
    """

    def __init__(self, report: Report, chosen: Settings) -> None:
        self._report = report
        self._facts = Facts(chosen.report_memory)
        self._database = Database(chosen, f"report-{report.name}")

    async def open(self) -> None:
        """Begin to connect to the database."""
        await self._database.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._database.close()

    async def ready(self) -> None:
        """Raise Problem database_unavailable unless the database answers."""
        await self._database.ping()

    async def handle(self, request: Request) -> Response:
        """Answer the report.

        Raises Problem method_not_allowed, invalid_parameter, not_acceptable, rows_expired,
        database_unavailable or query_timeout.
        """
        require_method(request, "GET", "HEAD")
        selection = self._report.read(request.query, request.headers.get("accept"))
        with DURATION.labels(self._report.name).time():
            response = await self._answer(selection, request.headers.get("if-none-match"))
        GENERATED.labels(self._report.name).inc()
        return response

    async def _answer(self, selection: Selection, if_none_match: str | None) -> Response:
        """Answer the report, or that the caller has it."""
        if if_none_match is not None:
            async with self._database.glance() as connection:
                tag = await read_tag(connection, selection)
            if is_known(tag, if_none_match):
                return Response(HTTPStatus.NOT_MODIFIED, headers=_headers(tag))
        async with self._database.snapshot() as connection:
            tag = await read_tag(connection, selection)
            answer = await self._report.build(Store(connection, self._facts), selection)
        response = Response.json(answer)
        response.headers.update(_headers(tag))
        return response


def _headers(tag: str) -> dict[str, str]:
    return {"cache-control": "no-cache", "etag": tag}
