"""What an application sees of requests, and callers of its answers, byte by byte."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from http_callers import answers, describe, run, served, statuses
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.exchange import Exchange

HOST = b"Host: x\r\n"
CLOSE = HOST + b"Connection: close\r\n"
CHUNKED = CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
PIPELINE = b"".join(
    (
        b"POST /one?a=%20 HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nX-A:  1 \r\n\r\nhello",
        b"GET /two HTTP/1.1\r\nHost: y\r\nX-B: 1\r\nX-B: 2\r\n\r\n\r\n",
        b"POST /three HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n",
        b"3\r\nabc\r\n5;ext=1\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n",
        b"POST /four HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
        b"Content-Length: 4\r\n\r\nfour",
        b"PUT /five HTTP/1.1\r\n" + CLOSE + b"Content-Length: 0\r\n\r\n",
    )
)


def seen(answer: bytes) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in answers(answer)]


def said(*segments: bytes) -> bytes:
    """Return what the server answers to segments over one connection."""
    found = b""

    async def scenario() -> None:
        nonlocal found
        async with served(describe) as serving:
            found = await serving.say(*segments)

    run(scenario())
    return found


WHOLE = seen(said(PIPELINE))


def test_requests_of_one_connection_are_answered_in_their_order() -> None:
    assert [(each["method"], each["target"], each["body"]) for each in WHOLE] == [
        ("POST", "/one?a=%20", "hello"),
        ("GET", "/two", ""),
        ("POST", "/three", "abcdefgh"),
        ("POST", "/four", "four"),
        ("PUT", "/five", ""),
    ]
    assert [each["exists"] for each in WHOLE] == [True, False, True, True, False]
    assert WHOLE[0]["headers"] == [["host", "x"], ["content-length", "5"], ["x-a", "1"]]
    assert WHOLE[1]["headers"] == [["host", "y"], ["x-b", "1"], ["x-b", "2"]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, len(PIPELINE) - 1), max_size=12, unique=True))
def test_any_segments_give_the_same_exchanges(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(PIPELINE)]
    segments = [PIPELINE[a:b] for a, b in pairwise(bounds)]
    assert seen(said(*segments)) == WHOLE


def test_single_bytes_give_the_same_exchanges() -> None:
    assert seen(said(*(PIPELINE[i : i + 1] for i in range(len(PIPELINE))))) == WHOLE


@pytest.mark.parametrize(
    ("request_line", "connection", "kept"),
    [
        (b"GET / HTTP/1.1\r\n", b"", True),
        (b"GET / HTTP/1.1\r\n", b"Connection: close\r\n", False),
        (b"GET / HTTP/1.0\r\n", b"", False),
        (b"GET / HTTP/1.0\r\n", b"Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_caller_wants(
    request_line: bytes, connection: bytes, *, kept: bool
) -> None:
    async def scenario() -> None:
        async with served(describe) as serving:
            caller = await serving.connect()
            await caller.send(request_line + HOST + connection + b"\r\n")
            head = (await caller.answer()).partition(b"\r\n\r\n")[0]
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert (b"connection: close" in head) == (not kept)
            assert (b"connection: keep-alive" in head) == (kept and b"1.0" in request_line)
            await caller.send(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n" if kept else b"")
            assert statuses(await caller.rest()) == [200] * kept

    run(scenario())


def test_the_answer_to_head_has_no_body() -> None:
    answer = said(b"HEAD / HTTP/1.1\r\n" + CLOSE + b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: " in head
    assert body == b""


def test_a_caller_that_waits_for_leave_gets_it_when_the_body_is_read() -> None:
    async def scenario() -> None:
        async with served(describe) as serving:
            caller = await serving.connect()
            expect = b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            await caller.send(b"POST / HTTP/1.1\r\n" + CLOSE + expect)
            leave = await asyncio.wait_for(caller.reader.readuntil(b"\r\n\r\n"), 5)
            assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
            await caller.send(b"abc")
            assert seen(await caller.rest())[0]["body"] == "abc"

    run(scenario())


def test_a_caller_that_gets_no_leave_is_not_waited_for() -> None:
    async def refuse(exchange: Exchange) -> None:
        exchange.respond(413, [])

    async def scenario() -> None:
        async with served(refuse) as serving:
            expect = b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            [(status, headers, _)] = answers(
                await serving.say(b"POST / HTTP/1.1\r\n" + HOST + expect)
            )
            assert (status, headers["connection"]) == (413, "close")

    run(scenario())


async def stream(exchange: Exchange) -> None:
    given = exchange.get("x-length")
    exchange.start(200, [(b"content-length", given.encode())] if given else [], b"Fine")
    for part in (b"ab", b"", b"cde"):
        await exchange.write(part)
    await exchange.end()


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n", b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n" + CLOSE + b"X-Length: 5\r\n\r\n", b"abcde"),
        (b"GET / HTTP/1.1\r\n" + CLOSE + b"X-Length: 3\r\n\r\n", b"abc"),
        (b"GET / HTTP/1.0\r\n\r\n", b"abcde"),
        (b"HEAD / HTTP/1.1\r\n" + CLOSE + b"X-Length: 5\r\n\r\n", b""),
    ],
)
def test_an_answer_in_parts(sent: bytes, expected: bytes) -> None:
    async def scenario() -> None:
        async with served(stream) as serving:
            head, _, body = (await serving.say(sent)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 Fine\r\n")
            assert (b"transfer-encoding: chunked" in head) == expected.startswith(b"2\r\n")
            assert body == expected

    run(scenario())


def test_an_answer_that_falls_short_is_cut() -> None:
    async def scenario() -> None:
        async with served(stream) as serving:
            answer = await serving.say(b"GET / HTTP/1.1\r\n" + HOST + b"X-Length: 6\r\n\r\n")
            assert b"content-length: 6\r\n" in answer
            assert answer.endswith(b"\r\n\r\nabcde")

    run(scenario())


@pytest.mark.parametrize("broken", [b"a\r\nb: c", b"a\nb", b"\r"])
def test_a_header_cannot_break_out_of_its_line(broken: bytes) -> None:
    async def careless(exchange: Exchange) -> None:
        with pytest.raises(ValueError, match="line break"):
            exchange.respond(200, [(b"x", broken)])

    async def scenario() -> None:
        async with served(careless) as serving:
            answer = await serving.say(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
            assert statuses(answer) == [500]

    run(scenario())


@pytest.mark.parametrize("name", [b"transfer-encoding", b"connection"])
def test_framing_is_the_servers_own(name: bytes) -> None:
    async def careless(exchange: Exchange) -> None:
        exchange.respond(200, [(name, b"chunked")])

    async def scenario() -> None:
        async with served(careless) as serving:
            answer = await serving.say(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
            assert statuses(answer) == [500]

    run(scenario())


@pytest.mark.parametrize("raises", [True, False])
def test_no_answer_is_an_error(*, raises: bool) -> None:
    async def silent(_: Exchange) -> None:
        if raises:
            raise RuntimeError("secret")

    async def scenario() -> None:
        async with served(silent) as serving:
            answer = await serving.say(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
            assert statuses(answer) == [500]
            assert b"secret" not in answer

    run(scenario())
