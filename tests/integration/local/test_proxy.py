"""What goes to a replica, byte by byte, and what becomes of it when either side goes away."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from integration.local.replicas import OK, Script, forwarding, head_of, replica

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

GET = b"GET /a?b HTTP/1.1\r\nhost: here\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: here\r\n"


@asynccontextmanager
async def calling(script: Script, *, patience: float = 20) -> AsyncIterator[Streams]:
    """Connect to a gateway whose replica acts by a script."""
    async with (
        replica(script) as behind,
        forwarding(behind, patience=patience) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of an answer with a length."""
    lines = (await head_of(reader)).lower().split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    return int(lines[0].split()[1]), await reader.readexactly(length)


async def exchanged(script: Script, sent: bytes) -> int:
    async with calling(script) as (reader, writer):
        writer.write(sent)
        return (await answer(reader))[0]


def recorded(into: list[bytes]) -> Script:
    """Return a script that answers each request, known by its first read, and notes that."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            into.append(data)
            writer.write(OK)

    return script


def fields(head: bytes) -> list[bytes]:
    return head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]


def test_a_small_request_goes_on_in_one_piece() -> None:
    for framing, body in (
        (b"content-length: 3\r\n", b"abc"),
        (b"transfer-encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
    ):
        seen: list[bytes] = []
        sent = POST + framing + b"\r\n" + body
        assert asyncio.run(exchanged(recorded(seen), sent)) == 200
        assert len(seen) == 1
        assert seen[0].endswith(framing + b"\r\n" + body)


def test_a_head_loses_what_belongs_to_its_connection_and_nothing_else() -> None:
    seen: list[bytes] = []
    sent = POST + (
        b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\n"
        b"Connection: x-own, Content-Length\r\nConnection: keep-alive\r\nX-Own: 1\r\n"
        b"Keep-Alive: timeout=5\r\nTE: trailers\r\nUpgrade: h2c\r\nProxy-Authorization: no\r\n"
        b"X-Twice: 1\r\nX-Twice: 2\r\nX-Call-Id: mine\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert asyncio.run(exchanged(recorded(seen), sent)) == 200
    assert fields(seen[0])[1:] == [
        b"x-forwarded-proto: https",
        b"x-twice: 1",
        b"x-twice: 2",
        b"x-call-id: mine",
        b"x-forwarded-for: 1.2.3.4, 5.6.7.8, 127.0.0.1",
        b"x-forwarded-host: here",
        b"content-length: 3",
    ]
    assert seen[0].endswith(b"\r\n\r\nabc")


def test_an_answer_loses_what_belongs_to_its_connection() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(
            b"HTTP/1.1 200 Fine\r\nConnection: x-own\r\nX-Own: 1\r\nX-Call-Id: other\r\n"
            b"Keep-Alive: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\ncontent-length: 0\r\n\r\n"
        )

    async def test() -> list[bytes]:
        async with calling(script) as (reader, writer):
            writer.write(GET)
            return fields(await head_of(reader))

    told = [line for line in asyncio.run(test()) if not line.startswith((b"date:", b"x-call-id:"))]
    assert told == [b"set-cookie: a", b"set-cookie: b", b"content-length: 0"]


def test_requests_share_a_connection_to_the_replica() -> None:
    connections: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        while await head_of(reader):
            writer.write(OK)

    async def test() -> None:
        async with calling(script) as (reader, writer):
            for _ in range(3):
                writer.write(GET)
                assert await answer(reader) == (200, b"ok")

    asyncio.run(test())
    assert len(connections) == 1


def test_a_request_that_the_replica_may_have_seen_is_not_sent_again() -> None:
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head_of(reader))
        writer.write(OK)
        seen.append(await head_of(reader))

    async def test() -> None:
        async with calling(script) as (reader, writer):
            statuses = []
            for _ in range(2):
                writer.write(GET)
                statuses.append((await answer(reader))[0])
            assert statuses == [200, 502]

    asyncio.run(test())
    assert len(seen) == 2


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx"])
def test_a_caller_that_leaves_ends_the_request_at_the_replica(begun: bytes) -> None:
    began, left = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(begun)
        began.set()
        assert await reader.read() == b""
        left.set()

    async def test() -> None:
        async with asyncio.timeout(10), calling(script) as (reader, writer):
            writer.write(GET)
            await began.wait()
            if begun:
                await head_of(reader)
            writer.close()
            await left.wait()

    asyncio.run(test())


def test_a_caller_that_leaves_within_its_body_ends_the_request_at_the_replica() -> None:
    began, left = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await head_of(reader)
        began.set()
        assert await reader.read() == b"ab"
        left.set()

    async def test() -> None:
        async with asyncio.timeout(10), calling(script) as (_, writer):
            writer.write(POST + b"content-length: 3\r\n\r\nab")
            await began.wait()
            writer.close()
            await left.wait()

    asyncio.run(test())


def test_a_body_that_is_not_http_is_the_callers_mistake() -> None:
    cut = asyncio.Event()

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await head_of(reader)
        assert not (await reader.read()).endswith(b"0\r\n\r\n")
        cut.set()

    async def test() -> None:
        async with asyncio.timeout(10), calling(script) as (reader, writer):
            writer.write(POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            writer.write(b"no size\r\n")
            assert (await answer(reader))[0] == 400
            await cut.wait()

    asyncio.run(test())


def test_a_small_answer_that_is_cut_is_a_bad_gateway() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK[:-1])

    assert asyncio.run(exchanged(script, GET)) == 502


def test_a_replica_that_stops_within_its_answer_is_not_waited_for_for_ever() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx")
        await reader.read()

    async def test() -> None:
        async with asyncio.timeout(10), calling(script, patience=0.2) as (reader, writer):
            writer.write(GET)
            await head_of(reader)
            assert await reader.read() == b"x"

    asyncio.run(test())


def test_an_early_answer_is_passed_on_and_its_connection_is_not_used_again() -> None:
    connections: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        await head_of(reader)
        writer.write(OK)
        await reader.read()

    async def test() -> None:
        async with asyncio.timeout(10), calling(script) as (reader, writer):
            writer.write(POST + b"content-length: 3\r\n\r\nab")
            assert await answer(reader) == (200, b"ok")
            writer.write(b"c" + GET)
            assert await answer(reader) == (200, b"ok")

    asyncio.run(test())
    assert len(connections) == 2


def test_a_caller_waits_while_the_replica_does_not_read() -> None:
    size = 64_000_000
    go_on = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await go_on.wait()
        for _ in range(0, size, 1_000_000):
            await reader.readexactly(1_000_000)
        writer.write(OK)

    async def test() -> None:
        async with calling(script) as (reader, writer):
            writer.write(POST + b"content-length: %d\r\n\r\n" % size)
            for start in range(0, size, 1_000_000):
                writer.write(bytes(1_000_000))
                try:
                    async with asyncio.timeout(0.5):
                        await writer.drain()
                except TimeoutError:
                    assert start < size // 2
                    go_on.set()
                    await writer.drain()
            assert go_on.is_set()
            assert await answer(reader) == (200, b"ok")

    asyncio.run(test())


def test_a_replica_waits_while_the_caller_does_not_read() -> None:
    size = 64_000_000
    stalled = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for start in range(0, size, 1_000_000):
            writer.write(bytes(1_000_000))
            try:
                async with asyncio.timeout(0.5):
                    await writer.drain()
            except TimeoutError:
                assert start < size // 2
                stalled.set()
                await writer.drain()

    async def test() -> None:
        async with calling(script) as (reader, writer):
            writer.write(GET)
            await stalled.wait()
            assert await answer(reader) == (200, bytes(size))

    asyncio.run(test())


def test_a_replica_that_refuses_a_connection_is_passed_over() -> None:
    async def test() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = taken.getsockname()[1]
            async with replica(recorded([])) as behind, forwarding(nobody, behind) as port:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(GET)
                assert await answer(reader) == (200, b"ok")
                writer.close()

    asyncio.run(test())
