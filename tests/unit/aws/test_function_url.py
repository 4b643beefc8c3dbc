"""Function URLs: an event of payload format 2.0 is a request, and its answer a response."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.aws import function_url
from shared.requests import Request, Response
from shared.settings import Settings
from shared.web import Function

LARGE = bytes(1024 * 1024)


class Parts:
    def __init__(self, number: int) -> None:
        self.left = number
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.left:
            self.left -= 1
            yield LARGE

    async def aclose(self) -> None:
        self.closed = True


class Mirror:
    """Answers what it is asked; the path may name another answer."""

    def __init__(self, _chosen: Settings) -> None:
        self.parts = Parts(0)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def ready(self) -> None:
        pass

    async def handle(self, request: Request) -> Response:
        if request.path == "/binary":
            return Response(body=b"\x00\xff", headers={"content-type": "image/png"})
        if request.path == "/large":
            return Response(body=LARGE * 5)
        if request.path.startswith("/stream"):
            self.parts = Parts(int(request.path[-1]))
            return Response(headers={"content-type": "text/csv"}, stream=self.parts)
        whole = request.whole()
        assert whole is not None
        chunks = b"".join([chunk async for chunk in request.chunks()])
        assert chunks == whole
        headers = dict(request.headers)
        return Response.json([request.method, request.path, request.query, headers, whole.hex()])


def event(method: str = "GET", path: str = "/", **members: object) -> dict[str, Any]:
    context = {"http": {"method": method, "path": path}, "accountId": "anonymous"}
    return {"version": "2.0", "rawPath": path, "requestContext": context, **members}


def asked(given: dict[str, Any], mirror: Mirror | None = None) -> dict[str, Any]:
    assert function_url.is_request(given)
    made = mirror or Mirror(Settings())
    return asyncio.run(function_url.answer(Function("test", lambda _: made), given))


def test_a_request_is_what_was_sent() -> None:
    given = event(
        "POST",
        "/a%20b/c",
        rawQueryString="x=1&x=2&y=%20",
        headers={"Content-Type": "application/json", "x-correlation-id": "abc"},
        cookies=["a=1", "b=2"],
        body="ÿ",
        isBase64Encoded=False,
    )
    answer = asked(given)
    assert json.loads(answer["body"]) == [
        "POST",
        "/a b/c",
        "x=1&x=2&y=%20",
        {"content-type": "application/json", "x-correlation-id": "abc", "cookie": "a=1; b=2"},
        "ÿ".encode().hex(),
    ]
    assert answer["statusCode"] == 200
    assert answer["headers"]["x-correlation-id"] == "abc"
    assert answer["isBase64Encoded"] is False


def test_a_body_in_base64_is_decoded() -> None:
    body = bytes(range(256))
    given = event("POST", body=base64.b64encode(body).decode(), isBase64Encoded=True)
    assert json.loads(asked(given)["body"])[-1] == body.hex()


def test_a_request_without_body_has_an_empty_one() -> None:
    assert json.loads(asked(event())["body"])[-1] == ""


def test_bytes_are_answered_in_base64() -> None:
    answer = asked(event(path="/binary"))
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"]) == b"\x00\xff"


def test_a_stream_is_answered_whole() -> None:
    mirror = Mirror(Settings())
    answer = asked(event(path="/stream2"), mirror)
    assert answer["body"].encode() == LARGE * 2
    assert mirror.parts.closed


def test_nothing_is_read_of_a_stream_for_head() -> None:
    mirror = Mirror(Settings())
    answer = asked(event("HEAD", "/stream2"), mirror)
    assert answer["body"] == ""
    assert mirror.parts.left == 2


@pytest.mark.parametrize("path", ["/large", "/stream9"])
def test_what_lambda_cannot_answer_is_a_problem(path: str) -> None:
    mirror = Mirror(Settings())
    answer = asked(event(path=path), mirror)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["code"] == "selection_too_large"
    assert mirror.parts.left in {0, 4}, "no more is read than what is too much"
    assert path == "/large" or mirror.parts.closed


def test_the_operational_paths_answer_as_ever() -> None:
    assert json.loads(asked(event(path="/health/live"))["body"]) == {"status": "live"}
    assert b"python_info" in asked(event(path="/metrics"))["body"].encode()


@pytest.mark.parametrize("other", [{}, {"Records": []}, [], None, {"requestContext": {}}])
def test_other_events_are_no_requests(other: object) -> None:
    assert not function_url.is_request(other)
