"""What a message holds comes out as it went in, or not at all."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shared.stream.encoding import (
    CONTENT_ENCODING,
    ZSTD,
    EncodingError,
    decode,
    decoded_size,
    encode,
)

payloads = st.binary(max_size=3000) | st.builds(
    lambda b, n: b * n, st.binary(), st.integers(0, 999)
)


@given(payloads)
def test_a_payload_comes_back(payload: bytes) -> None:
    content, encoding = encode(payload)
    headers = {CONTENT_ENCODING: encoding}
    assert decode(content, headers) == payload
    assert decoded_size(content, headers) >= len(payload)


def test_events_shrink() -> None:
    content, encoding = encode(b'{"source":"facebook"},' * 500)
    assert encoding == ZSTD
    assert len(content) < 200


@given(st.binary(max_size=200))
def test_damage_is_found_or_harmless(damage: bytes) -> None:
    content, encoding = encode(b'{"source":"facebook"},' * 500)
    try:
        decode(damage + content[len(damage) :], {CONTENT_ENCODING: encoding})
    except EncodingError:
        return


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"no frame", ZSTD),
        (b"", ZSTD),
        (zstandard.compress(b"x" * 17 * 2**20), ZSTD),
        (zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 99), ZSTD),
        (b"[1]", "br"),
    ],
    ids=["not a frame", "empty", "too large", "no size", "unknown encoding"],
)
def test_what_cannot_be_decoded_is_an_error(content: bytes, encoding: str) -> None:
    with pytest.raises(EncodingError):
        decode(content, {CONTENT_ENCODING: encoding})
