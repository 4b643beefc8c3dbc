"""report-dashboard: `GET /` is a page that shows the reports, `GET /pipeline` how events stand.

The page asks the report functions beside it, at the same origin, so that it shows what they say.
"""

from functions.report_dashboard.assets import Assets
from functions.report_dashboard.pipeline import Pipeline
from shared.access.database import DatabaseKeys
from shared.access.guard import by_scope
from shared.openapi.operations import Api
from shared.requests import Request, Response, require_method
from shared.settings import Settings
from shared.store.pool import Database
from shared.web import Function, framework_target

NAME = "report-dashboard"

PIPELINE = "/pipeline"
"""The one path that is no file of the page."""

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)

HEADERS = {
    "content-security-policy": "; ".join(_POLICY),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""What every answer says to browsers: nothing but the page's own files, in nobody's frame."""


class DashboardHandler:
    """The handler. The page is served even while the database is away, and says so."""

    def __init__(self, chosen: Settings) -> None:
        self._assets = Assets(NAME)
        self.database = Database(chosen, NAME)
        self._pipeline = Pipeline(self.database)

    async def open(self) -> None:
        """Begin to connect to the database."""
        await self.database.open()

    async def close(self) -> None:
        """Disconnect."""
        await self.database.close()

    async def ready(self) -> None:
        """Return: the page needs no server."""

    async def handle(self, request: Request) -> Response:
        """Answer with a file of the page or with the standing.

        Raises Problem method_not_allowed, not_found, database_unavailable or query_timeout.
        """
        require_method(request, "GET", "HEAD")
        if request.path == PIPELINE:
            response = Response.json(await self._pipeline.standing())
            response.headers["cache-control"] = "no-store"
        else:
            response = self._assets.answer(request)
        response.headers.update(HEADERS)
        return response


def describe() -> Api:
    """Return what the function serves."""
    from functions.report_dashboard import api  # noqa: PLC0415 - only when asked

    return api.describe()


guarding = by_scope("ops", lambda handler: DatabaseKeys(handler.database), only=PIPELINE)
function = Function(NAME, DashboardHandler, describe, guarding)
report_dashboard = framework_target(function)
