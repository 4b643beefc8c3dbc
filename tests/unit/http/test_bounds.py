"""What is no request is refused, and nobody takes more of the server than is his."""

import asyncio
import json

import pytest
from http_callers import answers, describe, run, served, statuses

from shared.http.exchange import ClientDisconnectedError, Exchange
from shared.http.limits import Limits

HOST = b"Host: x\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "nonsense": (b"nonsense\r\n\r\n", "invalid_request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "invalid_request"),
    "both framings": (
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "invalid_request",
    ),
    "both framings turned": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "invalid_request",
    ),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "invalid_request"),
    "odd length": (POST + b"Content-Length: +1\r\n\r\na", "invalid_request"),
    "two codings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "not_implemented"),
    "chunked twice": (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "invalid_request",
    ),
    "chunked in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "invalid_request",
    ),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", "invalid_request"),
    "two hosts": (GET + HOST + b"\r\n", "invalid_request"),
    "line break by LF": (b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", "invalid_request"),
    "folded header": (GET + b"X: a\r\n b\r\n\r\n", "invalid_request"),
    "blank before colon": (GET + b"X : a\r\n\r\n", "invalid_request"),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n", "not_implemented"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "invalid_request"),
    "many headers": (GET + b"A: b\r\n" * 200 + b"\r\n", "head_too_large"),
    "long header": (GET + b"A: " + b"b" * 70_000 + b"\r\n\r\n", "head_too_large"),
    "long target": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n", "target_too_long"),
    "endless header": (GET + b"A: " + b"b" * 1_000_000, "head_too_large"),
    "endless blank lines": (b"\r\n" * 500_000, "head_too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request_is_refused_after_those_before(name: str) -> None:
    sent, code = REFUSED[name]

    async def scenario() -> None:
        async with served(describe) as serving:
            for before in (b"", GET + b"\r\n"):
                *earlier, (status, headers, body) = answers(await serving.say(before + sent))
                assert [each[0] for each in earlier] == ([200] if before else [])
                problem = json.loads(body)
                assert (problem["code"], problem["status"]) == (code, status)
                assert headers["content-type"] == "application/problem+json"
                assert headers["connection"] == "close"
                assert headers["x-correlation-id"] == problem["correlationId"]

    run(scenario())


@pytest.mark.parametrize(
    "body", [b"3\r\nabcX\r\n", b"x\r\n", b"0\r\nA: " + b"b" * 1_000_000, b"1;" + b"x" * 1_000_000]
)
def test_a_body_that_breaks_off_is_the_readers_problem(body: bytes) -> None:
    async def scenario() -> None:
        async with served(describe) as serving:
            [(status, _, text)] = answers(await serving.say(CHUNKED, body))
            assert status in (400, 431)
            assert json.loads(text)["code"] in ("invalid_request", "head_too_large")

    run(scenario())


def test_requests_beyond_a_number_are_refused_after_the_others() -> None:
    async def scenario() -> None:
        async with served(describe, Limits(pipelined=3)) as serving:
            answer = await serving.say((GET + b"\r\n") * 10)
            assert statuses(answer) == [200] * 4 + [429]

    run(scenario())


def test_a_body_waits_with_its_caller_until_it_is_read() -> None:
    size, high = 64 << 20, 128 << 10
    reading = asyncio.Event()
    held: list[int] = []

    async def late(exchange: Exchange) -> None:
        await reading.wait()
        received = 0
        async for chunk in exchange.chunks():
            received += len(chunk)
            held.append(sum(map(len, exchange.body._parts)))
        exchange.respond(200, [], b"%d" % received)

    async def scenario() -> None:
        async with served(late, Limits(buffered_body=high)) as serving:
            caller = await serving.connect()
            caller.writer.write(POST + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(caller.writer.drain(), 0.5)
            reading.set()
            assert (await caller.answer()).endswith(b"\r\n\r\n%d" % size)
            assert max(held) <= high + (256 << 10)

    run(scenario())


def test_an_answer_waits_until_its_caller_reads() -> None:
    written = 0

    async def lavish(exchange: Exchange) -> None:
        nonlocal written
        exchange.start(200, [])
        for _ in range(1000):
            await exchange.write(bytes(100_000))
            written += 1
        await exchange.end()

    async def scenario() -> None:
        async with served(lavish) as serving:
            caller = await serving.connect()
            await caller.send(GET + b"Connection: close\r\n\r\n")
            before = -1
            while written != before:
                before = written
                await asyncio.sleep(0.2)
            assert written < 500
            assert len(await caller.rest()) > 100_000_000

    run(scenario())


@pytest.mark.parametrize(
    "sent", [b"", GET[:20], b"\r\n", GET + b"\r\n", GET + b"\r\n" + GET[:20], POST]
)
def test_a_connection_without_a_whole_head_is_closed(sent: bytes) -> None:
    async def scenario() -> None:
        async with served(describe, Limits(idle_timeout=0.2)) as serving:
            caller = await serving.connect()
            began = asyncio.get_running_loop().time()
            await caller.send(sent)
            whole = sent.startswith(GET + b"\r\n")
            assert statuses(await caller.rest()) == [200] * whole
            assert 0.1 < asyncio.get_running_loop().time() - began < 2

    run(scenario())


def test_a_head_that_trickles_is_not_waited_for() -> None:
    async def scenario() -> None:
        async with served(describe, Limits(idle_timeout=0.3)) as serving:
            caller = await serving.connect()
            ended = asyncio.gather(caller.rest(), return_exceptions=True)
            for byte in (GET + b"A: b\r\n" * 100)[:600]:
                if ended.done():
                    break
                caller.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
            assert ended.done()
            [end] = ended.result()
            assert end == b"" or isinstance(end, ConnectionResetError)

    run(scenario())


def test_a_request_under_way_is_not_idle() -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.5)
        exchange.respond(200, [])

    async def scenario() -> None:
        async with served(slow, Limits(idle_timeout=0.1)) as serving:
            assert statuses(await serving.say(GET + b"\r\n")) == [200]

    run(scenario())


def test_a_caller_that_does_not_read_is_let_go() -> None:
    async def large(exchange: Exchange) -> None:
        exchange.respond(200, [], bytes(50_000_000))

    async def scenario() -> None:
        async with served(large, Limits(idle_timeout=0.2)) as serving:
            caller = await serving.connect()
            caller.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a socket
            await caller.send(GET + b"\r\n")
            await asyncio.wait_for(serving.server._connections.gone(), 5)

    run(scenario())


def test_the_rest_of_a_body_is_heard_out_and_dropped() -> None:
    exchanges: list[Exchange] = []

    async def refuse(exchange: Exchange) -> None:
        exchanges.append(exchange)
        exchange.respond(413, [], b"no")

    async def scenario() -> None:
        async with served(refuse) as serving:
            caller = await serving.connect()
            caller.writer.write(POST + b"Content-Length: 20000000\r\n\r\n" + bytes(1000))
            assert b" 413 " in await caller.answer()
            await caller.send(bytes(20_000_000 - 1000), GET + b"\r\n")
            assert b" 413 " in await caller.answer()
            assert exchanges[0].take() == []

    run(scenario())


@pytest.mark.parametrize("cancels", [True, False])
def test_a_caller_that_goes_away_ends_the_request_where_that_is_wanted(*, cancels: bool) -> None:
    outcome: list[str] = []
    began, over = asyncio.Event(), asyncio.Event()

    async def patient(exchange: Exchange) -> None:
        began.set()
        try:
            await asyncio.sleep(0.3)
            outcome.append("went on")
        except asyncio.CancelledError:
            outcome.append("cancelled")
            raise
        finally:
            over.set()
        exchange.respond(200, [])

    async def scenario() -> None:
        async with served(patient, cancels=cancels) as serving:
            caller = await serving.connect()
            await caller.send(GET + b"\r\n")
            await began.wait()
            caller.close()
            await asyncio.wait_for(over.wait(), 5)
            assert outcome == ["cancelled" if cancels else "went on"]

    run(scenario())


def test_a_reader_learns_that_its_caller_went_away() -> None:
    outcome: asyncio.Queue[str] = asyncio.Queue()

    async def read(exchange: Exchange) -> None:
        try:
            async for _ in exchange.chunks():
                outcome.put_nowait("part")
        except ClientDisconnectedError:
            outcome.put_nowait("gone")

    async def scenario() -> None:
        async with served(read) as serving:
            caller = await serving.connect()
            await caller.send(POST + b"Content-Length: 10\r\n\r\nabc")
            assert await asyncio.wait_for(outcome.get(), 5) == "part"
            caller.close()
            assert await asyncio.wait_for(outcome.get(), 5) == "gone"

    run(scenario())
