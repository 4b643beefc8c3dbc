"""The application around a role: health, limits, errors, correlation ids."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.errors import ERRORS, Problem
from shared.requests import Message, Request, Response, require_method
from shared.settings import Settings, settings
from shared.telemetry import accept_correlation_id
from shared.tracing import accept_traceparent
from shared.web import Function, framework_target


class Role:
    """A handler whose behaviour is its path."""

    def __init__(self, _chosen: Settings) -> None:
        self.opened = 0
        self.away = False
        self.release = asyncio.Event()

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.opened -= 1

    async def ready(self) -> None:
        if self.away:
            raise Problem("database_unavailable", "gone", retry_after=3)

    async def handle(self, request: Request) -> Response:
        if request.path == "/wait":
            await self.release.wait()
        elif request.path == "/crash":
            raise RuntimeError("secret detail")
        elif request.path == "/get":
            require_method(request, "GET")
        elif request.path == "/problem":
            raise Problem("invalid_parameter", "no", parameter="x")
        body = b"".join([chunk async for chunk in request.chunks()])
        return Response.json({"body": body.decode(), "correlation": request.correlation_id})


async def call(
    function: Function, path: str, method: str = "GET", messages: list[Message] | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
    queue = list(messages or [{"type": "http.request", "body": b"", "more_body": False}])
    sent: list[Any] = []

    async def receive() -> Message:
        return queue.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"method": method, "path": path, "query_string": b"", "headers": named}
    await function(scope, receive, send)
    if not sent:
        return 0, {}, b""
    start, *bodies = sent
    found = {k.decode(): v.decode() for k, v in start["headers"]}
    return start["status"], found, b"".join(message["body"] for message in bodies)


@pytest.fixture
def function() -> Function:
    return Function("test", Role)


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.cache_clear()
    monkeypatch.setenv("MAX_INFLIGHT", "1")
    yield
    settings.cache_clear()


def test_a_body_in_pieces_and_the_callers_correlation_id(function: Function) -> None:
    pieces: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"", "more_body": True},
        {"type": "http.request", "body": b"c"},
    ]
    status, headers, body = asyncio.run(
        call(function, "/", "POST", pieces, x_correlation_id="me.1")
    )
    assert (status, json.loads(body)) == (200, {"body": "abc", "correlation": "me.1"})
    assert headers["x-correlation-id"] == "me.1"
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "new\nline", "ü", '"}'])
def test_an_unsafe_correlation_id_is_replaced(given: str | None) -> None:
    made = accept_correlation_id(given)
    assert made != given
    assert len(made) == 32


def test_only_a_well_formed_traceparent_goes_on() -> None:
    good = f"00-{'a' * 32}-{'b' * 16}-01"
    assert accept_traceparent(good) == good
    zeros = (f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'0' * 16}-01")
    for bad in (None, "", "00-x", good + "x", good.upper(), "ff" + good[2:], *zeros):
        assert accept_traceparent(bad) == ""


@pytest.mark.parametrize("path", ["/health/live", "/health/liveness", "/_/health"])
def test_liveness_needs_nothing(path: str) -> None:
    def never(_: Settings) -> Role:
        raise AssertionError

    assert asyncio.run(call(Function("test", never), path))[0] == 200


@pytest.mark.parametrize("path", ["/health/ready", "/health/readiness", "/_/ready"])
def test_readiness_follows_the_role_and_the_drain(path: str, function: Function) -> None:
    async def scenario() -> None:
        assert (await call(function, path))[0] == 200
        handler = await function.open()
        assert isinstance(handler, Role)
        handler.away = True
        status, headers, body = await call(function, path)
        assert (status, headers["retry-after"]) == (503, "3")
        assert json.loads(body)["code"] == "database_unavailable"
        handler.away = False
        function.draining = True
        assert (await call(function, path))[0] == 503
        assert (await call(function, "/"))[0] == 200

    asyncio.run(scenario())


def test_the_handler_is_opened_once_and_closed(function: Function) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(call(function, "/") for _ in range(5)))
        handler = await function.open()
        assert isinstance(handler, Role)
        assert handler.opened == 1
        await function.close()
        assert handler.opened == 0

    asyncio.run(scenario())


def test_errors_are_problem_documents(function: Function) -> None:
    status, headers, body = asyncio.run(call(function, "/problem", x_correlation_id="me"))
    problem = json.loads(body)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert problem["code"] == "invalid_parameter"
    assert problem["parameter"] == "x"
    assert problem["correlationId"] == headers["x-correlation-id"] == "me"
    status, headers, _ = asyncio.run(call(function, "/get", "PUT"))
    assert (status, headers["allow"]) == (405, "GET")


def test_an_unexpected_error_tells_nothing_but_the_correlation_id(
    function: Function, caplog: pytest.LogCaptureFixture
) -> None:
    status, _, body = asyncio.run(call(function, "/crash"))
    assert status == 500
    assert b"secret" not in body
    assert "secret detail" in caplog.text


@pytest.mark.usefixtures("one_at_a_time")
def test_more_than_the_limit_in_flight_is_429(function: Function) -> None:
    async def scenario() -> None:
        first = asyncio.create_task(call(function, "/wait"))
        await asyncio.sleep(0)
        status, headers, _ = await call(function, "/")
        assert (status, headers["retry-after"]) == (429, "1")
        assert (await call(function, "/health/live"))[0] == 200
        handler = await function.open()
        assert isinstance(handler, Role)
        handler.release.set()
        assert (await first)[0] == 200
        assert (await call(function, "/"))[0] == 200

    asyncio.run(scenario())


def test_a_caller_that_goes_away_gets_no_answer(function: Function) -> None:
    assert asyncio.run(call(function, "/", "POST", [{"type": "http.disconnect"}]))[0] == 0


def test_metrics_are_served(function: Function) -> None:
    async def scenario() -> bytes:
        await call(function, "/")
        return (await call(function, "/metrics"))[2]

    assert b'hookstream_http_request_duration_seconds_count{function="test"' in asyncio.run(
        scenario()
    )


def test_a_framework_target_answers_with_an_asgi_application(function: Function) -> None:
    class FrameworkRequest:
        scope: dict[str, Any] = {  # noqa: RUF012 - read only
            "method": "GET", "path": "/", "query_string": b"", "headers": [],
        }  # fmt: skip

        @staticmethod
        async def receive() -> Message:
            return {"type": "http.request", "body": b"x"}

    request: Any = FrameworkRequest()
    answer: Any = asyncio.run(framework_target(function)(request))
    assert json.loads(answer.body)["body"] == "x"


@pytest.mark.parametrize(("status", "length"), [(200, b"0"), (304, None)])
def test_not_modified_says_no_length(status: int, length: bytes | None) -> None:
    sent: list[Any] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Response(status)({}, receive, send))
    assert dict(sent[0]["headers"]).get(b"content-length") == length


def test_the_error_table_is_whole() -> None:
    for code, kind in ERRORS.items():
        assert kind.code == code
        assert 400 <= kind.status < 600
        assert kind.title
        document = json.loads(Problem(code, "why").document("id"))
        assert {"type", "title", "status", "code", "detail", "correlationId"} <= set(document)
