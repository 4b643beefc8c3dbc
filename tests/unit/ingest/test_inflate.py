"""Inflation within bounds."""

import gzip
import os
from collections.abc import Callable

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from functions.webhook_ingest.inflate import MOST_MEMBERS, ZSTD_MAX_WINDOW, inflate
from shared.errors import Problem
from shared.settings import MIB, Settings

LIMITS = Settings()
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
}
EARLY = 4 * MIB


def refused(body: bytes, encoding: str, limits: Settings = LIMITS) -> Problem:
    with pytest.raises(Problem) as caught:
        inflate(body, encoding, limits)
    return caught.value


def code_of(body: bytes, encoding: str, limits: Settings = LIMITS) -> str:
    return refused(body, encoding, limits).kind.code


@given(st.binary())
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert inflate(gzip.compress(body), "gzip", LIMITS) == body
    assert inflate(zstandard.compress(body), "ZSTD", LIMITS) == body
    assert inflate(body, "identity", LIMITS) == body
    assert inflate(body, "", LIMITS) == body


def test_several_members_are_one_body() -> None:
    parts = [os.urandom(3000), b"x" * 100_000, b"end"]
    assert inflate(b"".join(map(gzip.compress, parts)), "gzip", LIMITS) == b"".join(parts)
    assert inflate(b"".join(map(zstandard.compress, parts)), "zstd", LIMITS) == b"".join(parts)


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_truncated_damaged_and_foreign_bodies_are_refused(encoding: str, compress: object) -> None:
    whole = compress(os.urandom(5000))  # type: ignore[operator]
    for cut in (1, len(whole) // 2, len(whole) - 1):
        assert code_of(whole[:cut], encoding) == "invalid_encoding"
    assert code_of(b"[1,2,3]", encoding) == "invalid_encoding"
    assert code_of(whole + b"rest", encoding) == "invalid_encoding"


@pytest.mark.parametrize("encoding", COMPRESS)
@pytest.mark.parametrize("part", [64 * MIB, MIB])
def test_a_bomb_is_refused_long_before_it_has_inflated(encoding: str, part: int) -> None:
    bomb = COMPRESS[encoding](b"\0" * part) * (64 * MIB // part)
    problem = refused(bomb, encoding)
    assert problem.kind.code == "body_too_large"
    assert int(str(problem.extensions["limit"])) <= EARLY


@pytest.mark.parametrize("encoding", COMPRESS)
def test_what_inflates_much_only_in_places_is_no_bomb(encoding: str) -> None:
    body = os.urandom(MIB) + b"\0" * (20 * MIB) + os.urandom(MIB)
    assert inflate(COMPRESS[encoding](body), encoding, LIMITS) == body


@pytest.mark.parametrize("encoding", COMPRESS)
def test_members_are_counted_for_they_cost_time_even_if_empty(encoding: str) -> None:
    member, event = COMPRESS[encoding](b""), COMPRESS[encoding](b"{}")
    most = member * (MOST_MEMBERS - 1) + event
    assert inflate(most, encoding, LIMITS) == b"{}"
    assert code_of(member + most, encoding) == "body_too_large"
    assert code_of(member * 1_000_000, encoding) == "body_too_large"


def test_a_window_that_takes_much_memory_is_refused() -> None:
    def frame(window_log: int) -> bytes:
        chosen = zstandard.ZstdCompressionParameters(window_log=window_log)
        compressor = zstandard.ZstdCompressor(compression_params=chosen).compressobj()
        return compressor.compress(b"[]") + compressor.flush()

    assert ZSTD_MAX_WINDOW == 1 << 23
    assert inflate(frame(23), "zstd", LIMITS) == b"[]"
    assert code_of(frame(24), "zstd") == "invalid_encoding"
    assert code_of(frame(23) + frame(24), "zstd") == "invalid_encoding"


def test_the_bound_is_exact() -> None:
    limits = msgspec.structs.replace(LIMITS, max_body_bytes=2 * MIB)
    fits = os.urandom(2 * MIB)
    assert inflate(gzip.compress(fits), "gzip", limits) == fits
    assert inflate(zstandard.compress(fits), "zstd", limits) == fits
    assert code_of(gzip.compress(fits + b"x"), "gzip", limits) == "body_too_large"
    assert code_of(zstandard.compress(fits + b"x"), "zstd", limits) == "body_too_large"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "nonsense"])
def test_other_encodings_are_refused(encoding: str) -> None:
    assert code_of(b"x", encoding) == "unsupported_media_type"
