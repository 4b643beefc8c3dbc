"""What each function says of itself, at /openapi.json and /docs."""

import asyncio
import re
from collections.abc import AsyncIterator

import msgspec
import pytest

from shared.openapi.pages import ASSETS
from shared.requests import Request, Response
from shared.serve import load_function
from shared.settings import Settings
from shared.web import Function

NAMES = [
    "deadletter", "fb-consume", "report-demographics", "report-events", "report-funnel",
    "report-revenue", "ttk-consume", "webhook-ingest",
]  # fmt: skip


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def ask(function: Function, path: str, method: str = "GET") -> Response:
    response = asyncio.run(function.answer(Request(method, path, "", {}, _nothing, "test")))
    assert response is not None
    return response


@pytest.mark.parametrize("name", NAMES)
def test_every_function_serves_its_document(name: str) -> None:
    response = ask(load_function(name), "/openapi.json")
    made = msgspec.json.decode(response.body)
    assert (response.status, made["info"]["title"]) == (200, name)
    assert made["servers"] == [{"url": "."}]
    assert "/" in made["paths"]


def test_the_page_and_all_that_it_needs() -> None:
    function = load_function("report-events")
    page = ask(function, "/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    needed = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.body.decode())
    assert len(needed) == 4
    for path in needed:
        answer = ask(function, f"/{path}")
        assert (answer.status, len(answer.body) > 10) == (200, True)
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert ask(function, "/docs/").headers["location"] == "../docs"


def test_nothing_comes_from_elsewhere() -> None:
    policy = ask(load_function("report-events"), "/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    page = (ASSETS / "docs.html").read_text()
    assert "//" not in page
    assert "<script>" not in page
    assert "style=" not in page


def test_assets_are_named_with_version_and_licence() -> None:
    assert re.match(r"swagger-ui-dist \d+\.\d+\.\d+ .*Apache", (ASSETS / "VERSION").read_text())
    assert "Apache License" in (ASSETS / "LICENSE").read_text()


class Told:
    """Answers with the path."""

    def __init__(self, _chosen: Settings) -> None:
        pass

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def ready(self) -> None:
        pass

    async def handle(self, request: Request) -> Response:
        return Response(200, request.path.encode())


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/docs"), ("POST", "/openapi.json"), ("GET", "/docs/../x"), ("GET", "/docsome"),
     ("GET", "/docs/VERSION"), ("GET", "/docs/../pages.py")],
)  # fmt: skip
def test_all_else_is_the_handlers(method: str, path: str) -> None:
    documented = Function("report-events", Told, load_function("report-events")._describe)
    assert ask(documented, path, method).body == path.encode()
    assert ask(Function("bare", Told), "/docs").body == b"/docs"
