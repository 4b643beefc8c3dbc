"""The handler that all report functions share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from shared.reports.answers import Answer
from shared.reports.parameters import Selection, read_selection
from shared.settings import Settings
from shared.store.pool import Connection, Database
from shared.telemetry import DURATION_BUCKETS
from shared.web import Request, Response, require_method

GENERATED = Counter("reporter_reports_generated_total", "Reports that were answered.", ("report",))
DURATION = Histogram(
    "reporter_report_generation_duration_seconds",
    "Time to make a report, from its parameters to its answer.",
    ("report",),
    buckets=DURATION_BUCKETS,
)


@dataclass(frozen=True, slots=True)
class Report:
    """A report by its name; `build` reads one snapshot of the database."""

    name: str
    build: Callable[[Connection, Selection], Awaitable[Answer]]


class ReportHandler:
    """Answers `GET` and `HEAD` of one report, whatever the path."""

    def __init__(self, report: Report, chosen: Settings) -> None:
        self._report = report
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

        Raises Problem method_not_allowed, invalid_parameter, rows_expired, database_unavailable
        or query_timeout.
        """
        require_method(request, "GET", "HEAD")
        selection = read_selection(request.query)
        with DURATION.labels(self._report.name).time():
            async with self._database.snapshot() as connection:
                answer = await self._report.build(connection, selection)
        GENERATED.labels(self._report.name).inc()
        response = Response.json(answer)
        response.headers["cache-control"] = "no-cache"
        return response
