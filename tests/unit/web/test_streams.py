"""Answers that are sent part by part, below our own server and below ASGI."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from http_callers import answers, run, served

from shared.errors import Problem
from shared.requests import Message, Request, Response
from shared.settings import Settings
from shared.web import Function

REQUEST = b"GET /%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LARGE = bytes(256 * 1024)


class Parts:
    """A stream that remembers how far it was read and that it was closed."""

    def __init__(self, number: int, part: bytes, failure: Exception | None) -> None:
        self.made = 0
        self.closed = asyncio.Event()
        self._number = number
        self._part = part
        self._failure = failure

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.made < self._number:
            self.made += 1
            yield self._part
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        self.closed.set()


class Teller:
    """Answers with a stream; the path says which."""

    streams: list[Parts]

    def __init__(self, _chosen: Settings) -> None:
        self.streams = []

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def ready(self) -> None:
        pass

    async def handle(self, request: Request) -> Response:
        failures = {"/problem": Problem("query_timeout", "Too long."), "/error": RuntimeError("no")}
        large = request.path == "/large"
        parts = Parts(400 if large else 3, LARGE if large else b"part;", failures.get(request.path))
        self.streams.append(parts)
        return Response(headers={"content-type": "text/csv"}, stream=parts)


def test_a_stream_is_chunked() -> None:
    async def scenario() -> None:
        async with served(Function("test", Teller).serve) as serving:
            text = await serving.say(REQUEST % b"")
        [(status, headers, body)] = answers(text)
        assert (status, body) == (200, b"part;" * 3)
        assert headers["transfer-encoding"] == "chunked"
        assert "content-length" not in headers
        assert headers["x-correlation-id"]

    run(scenario())


def test_head_reads_nothing_of_a_stream() -> None:
    async def scenario() -> None:
        function = Function("test", Teller)
        async with served(function.serve) as serving:
            text = await serving.say((REQUEST % b"").replace(b"GET", b"HEAD"))
        teller = await function.open()
        assert isinstance(teller, Teller)
        assert text.startswith(b"HTTP/1.1 200 ")
        assert text.endswith(b"\r\n\r\n")
        assert (teller.streams[0].made, teller.streams[0].closed.is_set()) == (0, True)

    run(scenario())


@pytest.mark.parametrize("path", [b"problem", b"error"])
def test_a_stream_that_fails_never_looks_complete(path: bytes) -> None:
    async def scenario() -> None:
        function = Function("test", Teller)
        async with served(function.serve) as serving:
            caller = await serving.connect()
            await caller.send(REQUEST % path)
            text = b""
            try:
                while read := await asyncio.wait_for(caller.reader.read(65536), 10):
                    text += read
            except ConnectionError:
                text += b"cut"
        teller = await function.open()
        assert isinstance(teller, Teller)
        assert b"0\r\n\r\n" not in text
        assert teller.streams[0].closed.is_set()

    run(scenario())


def test_a_stream_waits_for_its_caller_and_ends_with_it() -> None:
    async def scenario() -> None:
        function = Function("test", Teller)
        async with served(function.serve) as serving:
            caller = await serving.connect()
            await caller.send(REQUEST % b"large")
            await asyncio.wait_for(caller.reader.readexactly(1 << 20), 10)
            teller = await function.open()
            assert isinstance(teller, Teller)
            [stream] = teller.streams
            assert stream.made < 300
            caller.close()
            await asyncio.wait_for(stream.closed.wait(), 10)
            assert stream.made < 400

    run(scenario())


def asgi(path: str, method: str = "GET", *, gone: bool = False) -> tuple[list[Message], Parts]:
    """Return what is sent to an ASGI server, and the stream."""
    sent: list[Message] = []

    async def receive() -> Message:
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    async def scenario() -> Parts:
        function = Function("test", Teller)
        scope = {"method": method, "path": path, "query_string": b"", "headers": []}
        teller = await function.open()
        assert isinstance(teller, Teller)
        try:
            await function(scope, receive, send)
        finally:
            [stream] = teller.streams
            assert stream.closed.is_set()
        return stream

    return sent, asyncio.run(scenario())


def test_asgi_sends_parts() -> None:
    sent, _ = asgi("/")
    assert [message.get("body") for message in sent[1:]] == [b"part;"] * 3 + [b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * 3 + [False]
    assert not any(name == b"content-length" for name, _ in sent[0]["headers"])


def test_asgi_head_and_a_caller_that_is_gone() -> None:
    assert asgi("/", "HEAD")[1].made == 0


@pytest.mark.parametrize("path", ["/problem", "/error"])
def test_asgi_leaves_a_failure_to_the_server(path: str) -> None:
    with pytest.raises((Problem, RuntimeError)):
        asgi(path)


def test_asgi_stops_when_the_caller_is_gone() -> None:
    sent, stream = asgi("/large", gone=True)
    assert stream.made < 10
    assert sent[-1].get("more_body", True)
