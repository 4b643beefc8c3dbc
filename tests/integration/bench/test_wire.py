"""The lean HTTP client against real servers."""

import asyncio
from random import Random

import pytest
from receiver import Receiver, running

from infra.bench.rendering import Renderer, length_of
from infra.bench.stock import Stock
from infra.bench.wire import WireClient
from infra.publisher.batch import Batch
from infra.publisher.bodies import Body
from infra.publisher.sender import TransportError

EVENTS = b"[]"
STOCK = Stock(Random(3), 20_000)


def body(content: bytes = EVENTS) -> Body:
    return Body(content, {"content-type": "application/json"}, Batch([], bytearray(), {}, []))


async def answer_with(raw: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def exchange(raw: bytes) -> tuple[int, bytes, float | None]:
    async def scenario() -> tuple[int, bytes, float | None]:
        async with await answer_with(raw) as server:
            host, port = server.sockets[0].getsockname()
            async with WireClient(f"http://{host}:{port}/x?y=z", timeout=5) as client:
                reply = await client.post(body())
                return reply.status, reply.content, reply.retry_after

    return asyncio.run(scenario())


def test_connections_are_kept_and_as_many_as_needed_at_once() -> None:
    async def scenario() -> Receiver:
        receiver = Receiver()
        async with running(receiver) as url, WireClient(f"{url}/events", timeout=5) as client:
            for _ in range(3):
                replies = await asyncio.gather(*(client.post(body()) for _ in range(4)))
                assert {reply.status for reply in replies} == {422}
            assert len(client._idle) == 4
        return receiver

    assert asyncio.run(scenario()).bodies == [EVENTS] * 12


def test_a_chunked_answer() -> None:
    raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert exchange(raw) == (200, b"abcde", None)


def test_retry_after_is_read() -> None:
    raw = b"HTTP/1.1 503 No\r\nRetry-After: 7\r\ncontent-length: 0\r\n\r\n"
    assert exchange(raw) == (503, b"", 7.0)


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", b"nonsense\r\n"]
)
def test_half_an_answer_is_none(raw: bytes) -> None:
    with pytest.raises(TransportError):
        exchange(raw)


def test_a_server_that_is_away() -> None:
    async def scenario() -> None:
        async with await answer_with(b"") as server:
            host, port = server.sockets[0].getsockname()
        async with WireClient(f"http://{host}:{port}", timeout=5) as client:
            with pytest.raises(TransportError):
                await client.post(body())

    asyncio.run(scenario())


def test_a_server_that_is_silent() -> None:
    async def scenario() -> None:
        receiver = Receiver()
        receiver.held = True
        async with running(receiver) as url, WireClient(url, timeout=0.1) as client:
            with pytest.raises(TransportError, match="Timeout"):
                await client.post(body())

    asyncio.run(scenario())


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async def scenario() -> None:
        receiver = Receiver()
        receiver.faults = [-1]
        async with running(receiver) as url, WireClient(url, timeout=5) as client:
            with pytest.raises(TransportError):
                await client.post(body())
            assert (await client.post(body())).status == 422

    asyncio.run(scenario())


def test_a_large_body_is_streamed() -> None:
    async def scenario() -> Receiver:
        receiver = Receiver()
        [large] = Renderer(STOCK, Random(), corrupts_last=0).arrays([len(STOCK)])
        async with running(receiver) as url, WireClient(url, timeout=20) as client:
            reply = await client.post(large)
            assert reply.parsed().accepted == len(STOCK)
            assert len(receiver.bodies[0]) == length_of(large)
        return receiver

    assert len(asyncio.run(scenario()).events) == len(STOCK)


def test_an_answer_before_the_end_of_the_body_is_the_answer() -> None:
    async def scenario() -> None:
        raw = b"HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n"
        asked = asyncio.Event()

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            await writer.drain()
            await asked.wait()
            writer.close()

        [large] = Renderer(STOCK, Random()).arrays([len(STOCK)])
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            async with WireClient(f"http://{host}:{port}", timeout=20) as client:
                assert (await client.post(large)).status == 413
                assert not client._idle
            asked.set()

    asyncio.run(scenario())


def test_only_plain_http() -> None:
    with pytest.raises(ValueError, match="http://"):
        WireClient("https://gateway.example", timeout=5)
