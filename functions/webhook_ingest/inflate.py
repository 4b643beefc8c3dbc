"""Inflates request bodies, bounded in size and ratio while inflating."""

import zlib
from collections.abc import Callable

import zstandard

from shared.errors import Problem
from shared.settings import MIB, Settings

ZSTD_MAX_WINDOW = 8 * MIB
"""What RFC 8878 asks decoders to support; larger windows are refused."""

_ZSTD_SLICE = 1024
"""Bytes of input at a time: the worst input inflates to 128 KiB per 4 bytes."""


def inflate(body: bytes, encoding: str, limits: Settings) -> bytes:
    """Return the body without its Content-Encoding (none, identity, gzip, zstd).

    Raises Problem unsupported_media_type, invalid_encoding or body_too_large.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise Problem(
            "unsupported_media_type",
            "Use Content-Encoding gzip, zstd or none.",
            allowed=["gzip", "zstd", "identity"],
        )
    bound = min(limits.max_body_bytes, max(MIB, len(body) * limits.max_inflate_ratio))
    return decoder(body, bound)


def _too_large(bound: int) -> Problem:
    return Problem("body_too_large", f"The body inflates to more than {bound} bytes.", limit=bound)


def _broken(name: str) -> Problem:
    return Problem("invalid_encoding", f"The body is not whole and valid {name}.")


def _gunzip(body: bytes, bound: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(rest, bound + 1 - size)
        except zlib.error:
            raise _broken("gzip") from None
        size += len(part)
        if size > bound:
            raise _too_large(bound)
        if not member.eof:
            raise _broken("gzip")
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)


def _unzstd(body: bytes, bound: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW).decompressobj()
        for start in range(0, len(rest), _ZSTD_SLICE):
            try:
                part = frame.decompress(rest[start : start + _ZSTD_SLICE])
            except zstandard.ZstdError:
                raise _broken("zstd") from None
            size += len(part)
            if size > bound:
                raise _too_large(bound)
            parts.append(part)
            if frame.eof:
                rest = frame.unused_data + rest[start + _ZSTD_SLICE :]
                break
        else:
            raise _broken("zstd")
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "zstd": _unzstd,
}
