"""A role below our own server."""

import json

import pytest
from http_callers import answers, run, served

from shared.requests import Request, Response
from shared.settings import Settings
from shared.telemetry import correlation_id
from shared.web import Function

CLOSE = b"Host: x\r\nConnection: close\r\n\r\n"


class Mirror:
    """Answers what it is asked."""

    def __init__(self, _chosen: Settings) -> None:
        pass

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def ready(self) -> None:
        pass

    async def handle(self, request: Request) -> Response:
        whole = request.whole()
        chunks = [chunk.decode() async for chunk in request.chunks()]
        return Response.json(
            {
                "path": request.path,
                "query": request.query,
                "header": request.headers.get("x-a"),
                "whole": None if whole is None else whole.decode(),
                "chunks": chunks,
                "correlation": [request.correlation_id, correlation_id.get()],
            }
        )


def asked(*segments: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Return the answers to segments on one connection."""
    found: list[tuple[int, dict[str, str], bytes]] = []

    async def scenario() -> None:
        async with served(Function("test", Mirror).serve) as serving:
            found.extend(answers(await serving.say(*segments)))

    run(scenario())
    return found


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?c=%20d", "/a/b", "c=%20d"),
        (b"/a%2Fb%20%C3%BC", "/a/b ü", ""),
        (b"http://host:80/a?b", "/a", "b"),
        (b"http://host", "/", ""),
        (b"//a//b", "//a//b", ""),
    ],
)
def test_the_target_is_split_and_decoded(target: bytes, path: str, query: str) -> None:
    [(status, _, body)] = asked(b"GET %b HTTP/1.1\r\nX-A: 1\r\n" % target + CLOSE)
    seen = json.loads(body)
    assert (status, seen["path"], seen["query"], seen["header"]) == (200, path, query, "1")


def test_a_small_body_is_there_at_once() -> None:
    [(_, _, body)] = asked(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n" + CLOSE + b"abc")
    assert json.loads(body)["whole"] == "abc"
    assert json.loads(body)["chunks"] == []


def test_a_body_that_is_still_to_come_is_read_in_chunks() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n" + CLOSE
    [(_, _, body)] = asked(head, b"a", b"bc")
    assert json.loads(body)["whole"] is None
    assert "".join(json.loads(body)["chunks"]) == "abc"


def test_correlation_ids_do_not_leak_into_the_next_request() -> None:
    first = b"GET / HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: mine\r\n\r\n"
    (_, one, a), (_, two, b) = asked(first + b"GET / HTTP/1.1\r\n" + CLOSE)
    assert json.loads(a)["correlation"] == ["mine", "mine"]
    assert one["x-correlation-id"] == "mine"
    theirs = two["x-correlation-id"]
    assert theirs != "mine"
    assert json.loads(b)["correlation"] == [theirs, theirs]
