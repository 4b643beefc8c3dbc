"""What a request body takes while it is held."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from shared.errors import Problem
from shared.reading import BodyReader
from shared.requests import Request
from shared.settings import MIB, Settings

CHUNK = MIB // 4
CHUNKS = 32
SIZE = CHUNK * CHUNKS


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(CHUNKS):
        yield bytes(CHUNK)


REQUEST = Request("POST", "/", "", {}, _chunks, "test")


def test_a_body_is_in_memory_once() -> None:
    async def held() -> int:
        async with BodyReader(Settings()).read(REQUEST) as body:
            assert len(body) == SIZE
            return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        assert asyncio.run(held()) < 1.5 * SIZE
    finally:
        tracemalloc.stop()


def test_what_was_held_is_free_again() -> None:
    reader = BodyReader(Settings(max_inflight_bytes=SIZE + CHUNK))

    async def read() -> int:
        async with reader.read(REQUEST) as body:
            with reader.hold(CHUNK):
                return len(body)

    assert [asyncio.run(read()) for _ in range(3)] == [SIZE] * 3


@pytest.mark.parametrize("further", [CHUNK + 1, SIZE])
def test_no_more_is_held_than_is_allowed(further: int) -> None:
    reader = BodyReader(Settings(max_inflight_bytes=SIZE + CHUNK))

    async def read() -> None:
        async with reader.read(REQUEST):
            with reader.hold(further):
                pass

    with pytest.raises(Problem, match="too_many_requests"):
        asyncio.run(read())


def _arrived(size: int) -> Request:
    return Request("POST", "/", "", {}, _chunks, "test", whole=lambda: bytes(size))


def test_a_body_that_is_there_is_not_waited_for() -> None:
    async def read() -> int:
        async with BodyReader(Settings()).read(_arrived(7)) as body:
            return len(body)

    assert asyncio.run(read()) == 7


@pytest.mark.parametrize(
    ("size", "code"), [(SIZE + 1, "too_many_requests"), (2 * SIZE + 1, "body_too_large")]
)
def test_a_body_that_is_there_has_the_same_bounds(size: int, code: str) -> None:
    bound = SIZE if size < 2 * SIZE else 4 * SIZE
    reader = BodyReader(Settings(max_body_bytes=2 * SIZE, max_inflight_bytes=bound))

    async def read(size: int) -> int:
        async with reader.read(_arrived(size)) as body:
            return len(body)

    with pytest.raises(Problem, match=code):
        asyncio.run(read(size))
    assert asyncio.run(read(SIZE)) == SIZE
    assert asyncio.run(read(SIZE)) == SIZE
