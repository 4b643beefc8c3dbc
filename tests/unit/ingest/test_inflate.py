"""Inflation within bounds."""

import gzip
import os

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from functions.webhook_ingest.inflate import inflate
from shared.errors import Problem
from shared.settings import MIB, Settings

LIMITS = Settings()


def code_of(body: bytes, encoding: str, limits: Settings = LIMITS) -> str:
    with pytest.raises(Problem) as refused:
        inflate(body, encoding, limits)
    return refused.value.kind.code


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


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused_at_the_bound(compress: object) -> None:
    encoding = "gzip" if compress is gzip.compress else "zstd"
    bomb = compress(b"\0" * (64 * MIB))  # type: ignore[operator]
    assert code_of(bomb, encoding) == "body_too_large"


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
