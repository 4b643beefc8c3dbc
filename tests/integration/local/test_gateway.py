"""The gateway in front of real replica processes: what passes through, and what goes wrong."""

import asyncio
import http.client
import io
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest
from integration.local.stacks import Stack, function
from stack import until
from yarl import URL

BULK = os.urandom(21_000_000)


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(
        function("echo"),
        function("report-echo"),
        function("report-dashboard"),
        function("hasty", timeout="500ms"),
        function("narrow", limit="2"),
        function("broken", argument="crash"),
        function("mortal"),
        function("left", idle="500ms"),
    )


async def get(stack: Stack, path: str, **options: object) -> tuple[int, dict[str, str], bytes]:
    """Send a request with a raw path; return status, headers and body."""
    method = str(options.pop("method", "GET"))
    url = URL(f"{stack.url}{path}", encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, **options) as answer,  # type: ignore[arg-type]
    ):
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, await answer.read()


def test_a_request_arrives_as_it_was_sent(stack: Stack) -> None:
    given = {"X-Correlation-Id": "abc", "Connection": "X-Hop", "X-Hop": "1", "TE": "trailers"}
    path = "/function/echo/a%2Fb//c%20d?x=1%20+&y=%2F"
    _, headers, body = asyncio.run(get(stack, path, method="PATCH", headers=given, data=b"12345"))
    seen = json.loads(body)
    gateway = urlsplit(stack.url)
    assert (seen["method"], seen["rawPath"]) == ("PATCH", "/a%2Fb//c%20d")
    assert (seen["query"], seen["size"]) == ("x=1%20+&y=%2F", 5)
    assert seen["headers"]["x-correlation-id"] == "abc"
    assert seen["headers"]["content-length"] == "5"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert seen["headers"]["x-forwarded-host"] == gateway.netloc
    assert seen["headers"]["x-forwarded-proto"] == "http"
    assert not seen["headers"].keys() & {"x-hop", "te"}
    assert headers["x-call-id"] == seen["headers"]["x-call-id"]
    assert headers["x-role"] == "echo"


def test_the_callers_own_call_id_is_passed_on_and_not_repeated(stack: Stack) -> None:
    given = {"X-Call-Id": "mine"}
    _, headers, body = asyncio.run(get(stack, "/function/echo", headers=given))
    assert json.loads(body)["headers"]["x-call-id"] == "mine"
    assert "x-call-id" not in headers


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/function/report-echo", "/"),
        ("/function/report-echo/", "/"),
        ("/function/report-echo.openfaas-fn/x", "/x"),
        ("/reports/echo?from=2026", "/"),
    ],
)
def test_a_function_has_several_addresses(stack: Stack, path: str, seen: str) -> None:
    status, _, body = asyncio.run(get(stack, path))
    assert (status, json.loads(body)["rawPath"]) == (200, seen)


@pytest.mark.parametrize(
    "path",
    ["/", "/function", "/function/none", "/function/echo.elsewhere", "/reports/none", "/x/echo"],
)
def test_an_unknown_address_is_a_problem(stack: Stack, path: str) -> None:
    status, headers, body = asyncio.run(get(stack, path, headers={"X-Correlation-Id": "abc"}))
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    problem = json.loads(body)
    assert (problem["code"], problem["correlationId"]) == ("not_found", "abc")
    assert "echo" in problem["detail"]


@pytest.mark.parametrize("path", ["/dashboard", "/function/report-dashboard"])
def test_the_dashboard_is_sent_to_its_one_address(stack: Stack, path: str) -> None:
    status, headers, _ = asyncio.run(get(stack, f"{path}?range=7d", allow_redirects=False))
    assert (status, headers["location"]) == (307, "/function/report-dashboard/?range=7d")
    _, _, body = asyncio.run(get(stack, f"{path}?range=7d"))
    assert (json.loads(body)["rawPath"], json.loads(body)["query"]) == ("/", "range=7d")


def available(stack: Stack, name: str) -> int:
    """Return how many replicas of a function the gateway says have answered."""
    _, _, body = asyncio.run(get(stack, f"/system/function/{name}"))
    described = json.loads(body)
    assert described["replicas"] >= described["availableReplicas"]
    return int(described["availableReplicas"])


def test_functions_are_listed_with_their_replicas(stack: Stack) -> None:
    asyncio.run(get(stack, "/function/echo"))
    until(lambda: available(stack, "echo") >= 1)
    _, headers, body = asyncio.run(get(stack, "/system/functions?namespace=openfaas-fn"))
    assert headers["content-type"] == "application/json"
    listed = {each["name"]: each for each in json.loads(body)}
    assert set(listed) == {each["name"] for each in stack.status()["functions"]}
    assert listed["echo"]["namespace"] == "openfaas-fn"
    status, headers, _ = asyncio.run(get(stack, "/system/functions", method="PATCH"))
    assert (status, headers["allow"]) == (405, "DELETE, GET, POST, PUT")


def test_the_functions_own_answers_pass_unchanged(stack: Stack) -> None:
    for wanted in (204, 304, 422, 500):
        status, _, _ = asyncio.run(get(stack, f"/function/echo?status={wanted}"))
        assert status == wanted


def test_head_has_the_length_and_no_body(stack: Stack) -> None:
    status, headers, body = asyncio.run(get(stack, "/function/echo", method="HEAD"))
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0


def test_21_megabytes_pass_in_both_directions(stack: Stack) -> None:
    status, headers, body = asyncio.run(
        get(stack, "/function/echo/echo", method="POST", data=io.BytesIO(BULK))
    )
    assert (status, body == BULK) == (200, True)
    assert headers["transfer-encoding"] == "chunked"


def test_a_chunked_body_stays_chunked(stack: Stack) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(BULK), 100_000):
            yield BULK[start : start + 100_000]

    _, _, body = asyncio.run(get(stack, "/function/echo", method="POST", data=chunks()))
    seen = json.loads(body)
    assert (seen["size"], seen["headers"].get("content-length")) == (len(BULK), None)


def test_an_encoded_body_is_not_decoded(stack: Stack) -> None:
    given = {"Content-Encoding": "gzip"}
    options = {"method": "POST", "data": b"not gzip", "headers": given}
    status, _, body = asyncio.run(get(stack, "/function/echo", **options))
    assert (status, json.loads(body)["size"]) == (200, 8)


def test_the_answer_begins_before_the_request_ends(stack: Stack) -> None:
    async def converse() -> list[bytes]:
        said: asyncio.Queue[bytes] = asyncio.Queue()

        async def body() -> AsyncIterator[bytes]:
            while chunk := await said.get():
                yield chunk

        url = f"{stack.url}/function/echo/echo"
        heard = []
        said.put_nowait(b"one")
        async with aiohttp.ClientSession() as session, session.post(url, data=body()) as answer:
            heard.append(await answer.content.readany())
            said.put_nowait(b"two")
            heard.append(await answer.content.readany())
            said.put_nowait(b"")
            return [*heard, await answer.content.read()]

    assert asyncio.run(converse()) == [b"one", b"two", b""]


def test_an_answer_that_does_not_wait_for_the_body_arrives(stack: Stack) -> None:
    """The caller is heard out, or it might never come to read its answer."""
    with closing(http.client.HTTPConnection(urlsplit(stack.url).netloc, timeout=20)) as caller:
        caller.request("POST", "/function/echo/refuse", BULK)
        answer = caller.getresponse()
        assert (answer.status, json.load(answer)) == (413, {"refused": True})


def test_a_caller_that_waits_for_leave_to_send_gets_it(stack: Stack) -> None:
    gateway = urlsplit(stack.url)
    head = b"POST /function/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    with socket.create_connection((gateway.hostname, gateway.port), timeout=20) as caller:
        caller.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert caller.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.sendall(b"abc")
        assert caller.recv(15) == b"HTTP/1.1 200 OK"


def test_a_replica_that_dies_before_its_answer_is_a_bad_gateway(stack: Stack) -> None:
    for method in ("GET", "POST"):
        status, headers, body = asyncio.run(get(stack, "/function/mortal/die", method=method))
        assert (status, headers["content-type"]) == (502, "application/problem+json")
        assert json.loads(body)["code"] == "bad_gateway"


def test_a_replica_that_dies_within_its_answer_cuts_the_connection(stack: Stack) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        asyncio.run(get(stack, "/function/mortal/die-midway"))


def test_a_function_that_takes_too_long_is_a_gateway_timeout(stack: Stack) -> None:
    status, _, body = asyncio.run(get(stack, "/function/hasty?sleep=60"))
    assert (status, json.loads(body)["code"]) == (504, "gateway_timeout")


def test_a_function_that_cannot_start_is_unavailable_with_a_time_to_retry(stack: Stack) -> None:
    async def until_unavailable() -> tuple[int, dict[str, str], bytes]:
        while (answer := await get(stack, "/function/broken"))[0] == 502:
            pass
        return answer

    status, headers, body = asyncio.run(until_unavailable())
    assert (status, json.loads(body)["code"]) == (503, "function_unavailable")
    assert int(headers["retry-after"]) >= 1
    stack.wait(lambda: stack.function("broken")["restarts"] > 1)
    assert stack.function("broken")["lastExit"].startswith("exit code 1")
    stack.wait(lambda: stack.status()["state"] == "degraded")


def test_more_requests_than_a_function_may_have_are_turned_away(stack: Stack) -> None:
    async def crowd() -> list[int]:
        asked = (get(stack, "/function/narrow?sleep=0.5") for _ in range(5))
        return sorted(status for status, _, _ in await asyncio.gather(*asked))

    assert asyncio.run(crowd()) == [200, 200, 503, 503, 503]


def test_a_caller_that_leaves_ends_its_request(stack: Stack) -> None:
    """The function scales to zero, for nothing is in flight any more."""

    async def leave() -> None:
        async with asyncio.timeout(1):
            await get(stack, "/function/left?sleep=600")

    with pytest.raises(TimeoutError):
        asyncio.run(leave())
    stack.wait(lambda: stack.function("left")["replicas"] == 0)


def test_connections_to_replicas_are_kept_and_let_go_before_the_replica_lets_go_of_them(
    start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDLE_TIMEOUT", "5")
    stack = start_stack(function("calm"))

    def kept() -> int:
        process = psutil.Process(stack.replicas("calm")[0])
        return sum(each.status == psutil.CONN_ESTABLISHED for each in process.net_connections())

    async def ask() -> None:
        await asyncio.gather(*(get(stack, "/function/calm?sleep=0.1") for _ in range(3)))

    asyncio.run(ask())
    assert kept() >= 3
    stack.wait(lambda: kept() == 0)
