"""A connection to a replica: every answer that HTTP knows, cut anywhere, and what may be kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from integration.local.replicas import OK, Script, head_of, replica
from receiver import until

from infra.local.upstream import Upstream, UpstreamError
from infra.local.upstreams import Upstreams

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
OTHER = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 201 \r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "by length": (OK, 200, b"ok"),
    "empty": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
    "no content": (b"HTTP/1.1 204 No Content\r\netag: 1\r\n\r\n", 204, b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", 304, b""),
    "chunked": (
        CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n",
        201,
        b"abcde",
    ),
    "after interim ones": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK,
        200,
        b"ok",
    ),
}


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@asynccontextmanager
async def connected(script: Script) -> AsyncIterator[Upstream]:
    async with replica(script) as port:
        upstream = await Upstreams(keep=15).connect(port)
        yield upstream
        upstream.fail("the test is over")


async def answer_of(upstream: Upstream) -> tuple[int, bytes]:
    upstream.begin(to_head=False)
    upstream.send((REQUEST,), last=True)
    head = await upstream.answer()
    return head.status, await body_of(upstream)


async def body_of(upstream: Upstream) -> bytes:
    return b"".join([part async for part in upstream.chunks()])


def says(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(answer)
        await writer.drain()

    return script


@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_an_answer_is_the_same_however_it_is_cut_into_segments(
    name: str, data: st.DataObject
) -> None:
    sent, status, body = ANSWERS[name]
    places = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1))))
    pieces = [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True)]

    async def test() -> None:
        async with connected(silent) as upstream:
            upstream.begin(to_head=False)
            upstream.send((REQUEST,), last=True)
            for piece in pieces[:-1]:
                upstream.data_received(piece)
                assert not upstream.complete
                assert not upstream.reusable
            upstream.data_received(pieces[-1])
            head = await upstream.answer()
            assert (head.status, await body_of(upstream)) == (status, body)
            assert upstream.reusable
            assert all(name == name.lower() for name, _ in head.headers)
            assert not {b"link", b"x-trailer"} & dict(head.headers).keys()

    asyncio.run(test())


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_that_ends_early_is_an_error(name: str) -> None:
    sent, _, _ = ANSWERS[name]

    async def test() -> None:
        async with connected(says(sent[:-1])) as upstream:
            with pytest.raises(UpstreamError):
                await answer_of(upstream)
            assert not upstream.reusable

    asyncio.run(test())


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
    ],
)
def test_an_answer_may_last_until_the_connection_is_closed(head: bytes) -> None:
    async def test() -> None:
        async with connected(says(head + b"until then")) as upstream:
            assert await answer_of(upstream) == (200, b"until then")
            assert not upstream.reusable

    asyncio.run(test())


def test_an_answer_to_head_has_no_body_and_the_next_one_does() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", OK):
            await head_of(reader)
            writer.write(answer)

    async def test() -> None:
        async with connected(script) as upstream:
            for to_head, length, body in ((True, b"1000", b""), (False, b"2", b"ok")):
                upstream.begin(to_head=to_head)
                upstream.send((REQUEST,), last=True)
                head = await upstream.answer()
                assert head.get(b"content-length") == length
                assert await body_of(upstream) == body

    asyncio.run(test())


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP ready\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + 70_000 * b"y",
    ],
)
def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async def test() -> None:
        async with connected(script) as upstream:
            with pytest.raises(UpstreamError):
                await answer_of(upstream)

    asyncio.run(test())


def test_answers_that_nobody_asked_for_end_the_connection() -> None:
    async def test() -> None:
        for pieces in ((OK + OTHER,), (OK, OTHER)):
            async with connected(silent) as upstream:
                upstream.begin(to_head=False)
                upstream.send((REQUEST,), last=True)
                for piece in pieces:
                    upstream.data_received(piece)
                assert (await upstream.answer()).status == 200
                assert await body_of(upstream) == b"ok"
                assert not upstream.reusable

    asyncio.run(test())


@pytest.mark.parametrize(
    ("to_head", "answer"),
    [
        (True, OK),
        (False, b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
    ],
)
def test_a_connection_is_not_kept_if_its_answer_forbids_it(to_head: bool, answer: bytes) -> None:  # noqa: FBT001 - a parameter of pytest
    async def test() -> None:
        async with connected(silent) as upstream:
            upstream.begin(to_head=to_head)
            upstream.send((REQUEST,), last=True)
            upstream.data_received(answer)
            assert await body_of(upstream) == b""
            assert upstream.complete
            assert not upstream.reusable

    asyncio.run(test())


def test_a_sender_learns_that_the_replica_is_gone() -> None:
    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await head_of(reader)

    async def test() -> None:
        async with connected(script) as upstream:
            upstream.begin(to_head=False)
            upstream.send((REQUEST, bytes(64_000_000)), last=False)
            with pytest.raises(UpstreamError):
                await upstream.drained()

    asyncio.run(test())


def test_a_replica_waits_while_its_answer_is_not_taken() -> None:
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
        async with connected(script) as upstream:
            upstream.begin(to_head=False)
            upstream.send((REQUEST,), last=True)
            await stalled.wait()
            assert sum([len(part) async for part in upstream.chunks()]) == size

    asyncio.run(test())


async def asked(upstreams: Upstreams, port: int) -> Upstream:
    upstream = upstreams.kept(port) or await upstreams.connect(port)
    assert await answer_of(upstream) == (200, b"ok")
    upstreams.give_back(upstream)
    return upstream


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await head_of(reader):
        writer.write(OK)


def test_a_connection_is_kept_until_it_idles_too_long() -> None:
    async def test() -> None:
        async with replica(polite) as port:
            upstreams = Upstreams(keep=0.2)
            first = await asked(upstreams, port)
            upstreams.expire()
            assert await asked(upstreams, port) is first
            await asyncio.sleep(0.21)
            upstreams.expire()
            assert not first.reusable
            second = await asked(upstreams, port)
            assert second is not first
            upstreams.close()
            assert not second.reusable

    asyncio.run(test())


def test_a_connection_that_the_replica_closes_is_not_used_again() -> None:
    async def test() -> None:
        async with replica(says(OK)) as port:
            upstreams = Upstreams(keep=15)
            first = await asked(upstreams, port)
            await until(lambda: not first.reusable)
            assert upstreams.kept(port) is None
            assert await asked(upstreams, port) is not first
            upstreams.close()

    asyncio.run(test())


def test_a_connection_whose_request_is_not_over_is_not_kept() -> None:
    async def test() -> None:
        async with replica(polite) as port:
            upstreams = Upstreams(keep=15)
            upstream = await upstreams.connect(port)
            upstream.begin(to_head=False)
            upstream.send((REQUEST,), last=False)
            await upstream.answer()
            await body_of(upstream)
            upstreams.give_back(upstream)
            assert upstreams.kept(port) is None

    asyncio.run(test())


def test_the_idle_connections_to_a_replica_are_limited() -> None:
    async def test() -> None:
        async with replica(polite) as port:
            upstreams = Upstreams(keep=15)
            many = [await upstreams.connect(port) for _ in range(130)]
            for upstream in many:
                upstreams.give_back(upstream)
            assert sum(upstream.reusable for upstream in many) == 128
            upstreams.close()

    asyncio.run(test())
