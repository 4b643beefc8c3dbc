"""Compresses the content of packed messages: JSON events shrink to a fifth.

The stream writes, syncs, reads and sends what is left, which costs more than the compression.
Header and token: https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding, RFC 8878.
"""

from collections.abc import Mapping

import zstandard

from shared.settings import MIB

CONTENT_ENCODING = "Content-Encoding"
ZSTD = "zstd"

_LEVEL = 1
_WORTHWHILE = 1024
"""Bytes from which on compression pays: a few events."""

_LARGEST = 16 * MIB
"""Bytes that a message may have when it is decoded."""

_compress = zstandard.ZstdCompressor(level=_LEVEL).compress
_decompress = zstandard.ZstdDecompressor().decompress


class EncodingError(ValueError):
    """A message's content is not what its headers say."""


def encode(payload: bytes) -> tuple[bytes, str]:
    """Return a payload's content in a message and its encoding, empty for none."""
    if len(payload) < _WORTHWHILE:
        return payload, ""
    return _compress(payload), ZSTD


def decoded_size(content: bytes, headers: Mapping[str, str]) -> int:
    """Return how long the payload says it is, in bytes."""
    if headers.get(CONTENT_ENCODING) != ZSTD:
        return len(content)
    try:
        return max(len(content), zstandard.frame_content_size(content))
    except zstandard.ZstdError:
        return len(content)


def decode(content: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the payload of a message. Raises EncodingError."""
    encoding = headers.get(CONTENT_ENCODING, "")
    if not encoding:
        return content
    if encoding != ZSTD:
        raise EncodingError(f"the encoding {encoding!r} is not known")
    try:
        size = zstandard.frame_content_size(content)
        if not 0 <= size <= _LARGEST:
            raise EncodingError(f"the content has {size} bytes")
        return _decompress(content)
    except zstandard.ZstdError as error:
        raise EncodingError(str(error)) from error
