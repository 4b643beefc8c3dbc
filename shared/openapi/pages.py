"""Serves a function's document and the page that shows it: `/openapi.json` and `/docs`.

All that the page needs comes from its own origin, as its Content-Security-Policy demands.
"""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path

from shared.openapi.document import document, render
from shared.openapi.operations import Api
from shared.requests import Request, Response

ASSETS = Path(__file__).parent / "assets"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {
    "docs.html": "text/html; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_FRESH = "public, max-age=3600"


def page(request: Request, describe: Callable[[], Api]) -> Response | None:
    """Return the answer if the request is for the document or its page."""
    if request.path == "/openapi.json":
        return _guarded(_document(describe), "application/json")
    if request.path == "/docs/":
        return Response(HTTPStatus.PERMANENT_REDIRECT, headers={"location": "../docs"})
    name = "docs.html" if request.path == "/docs" else request.path.removeprefix("/docs/")
    if name not in _TYPES or name == request.path:
        return None
    return _guarded((ASSETS / name).read_bytes(), _TYPES[name])


@cache
def _document(describe: Callable[[], Api]) -> bytes:
    return render(document([describe()]))


def _guarded(body: bytes, content_type: str) -> Response:
    headers = {
        "content-type": content_type,
        "content-security-policy": _POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": _FRESH,
    }
    return Response(200, body, headers)
