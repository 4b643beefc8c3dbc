"""Inflates request bodies, bounded in size, ratio and members while inflating."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

import zstandard

from shared.errors import Problem
from shared.settings import KIB, MIB, Settings

ZSTD_MAX_WINDOW = 8 * MIB
"""What RFC 8878 asks decoders to support; larger windows are refused."""

MOST_MEMBERS = 10_000
"""Gzip members or zstd frames of a body: each costs microseconds, and may have no content."""


class _Member(Protocol):
    """What zlib and zstandard call a decompression object."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: memoryview, most: int, /) -> bytes:
        """Return at most `most` bytes, or more of what takes no memory to speak of."""


class _Encoding(NamedTuple):
    """`step` is how many bytes are inflated before the ratio is looked at again.

    `open` returns, for each body, what begins its members.
    """

    name: str
    step: int
    errors: type[Exception]
    open: Callable[[], Callable[[], _Member]]


class _Frame:
    """A zstd frame. It takes no bound: the worst input inflates to 128 KiB per 4 bytes."""

    __slots__ = ("_frame",)

    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._frame = decompressor.decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: memoryview, _: int, /) -> bytes:
        return self._frame.decompress(data)


def _frames() -> Callable[[], _Member]:
    return partial(_Frame, zstandard.ZstdDecompressor(max_window_size=ZSTD_MAX_WINDOW))


def _members() -> Callable[[], _Member]:
    return partial(zlib.decompressobj, wbits=31)


_GZIP = _Encoding("gzip", 16 * KIB, zlib.error, _members)
_ZSTD = _Encoding("zstd", KIB, zstandard.ZstdError, _frames)
_ENCODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "zstd": _ZSTD}


def inflate(body: bytes, encoding: str, limits: Settings) -> bytes:
    """Return the body without its Content-Encoding (none, identity, gzip, zstd).

    A body that inflates to too much is refused as soon as that shows, at the ratio of what was
    read so far: after a few MiB. Raises Problem unsupported_media_type, invalid_encoding or
    body_too_large.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in _ENCODINGS:
        raise Problem(
            "unsupported_media_type",
            "Use Content-Encoding gzip, zstd or none.",
            allowed=["gzip", "zstd", "identity"],
        )
    return _inflated(body, _ENCODINGS[name], limits)


def _inflated(body: bytes, encoding: _Encoding, limits: Settings) -> bytes:
    parts: list[bytes] = []
    size = position = members = 0
    content = memoryview(body)
    begin = encoding.open()
    while position < len(body):
        member = begin()
        members += 1
        if members > MOST_MEMBERS:
            detail = f"The body has more than {MOST_MEMBERS} members of {encoding.name}."
            raise Problem("body_too_large", detail, limit=MOST_MEMBERS)
        while not member.eof:
            piece = content[position : position + encoding.step]
            position += len(piece)
            bound = min(limits.max_body_bytes, max(MIB, position * limits.max_inflate_ratio))
            part = _next(member, piece, bound + 1 - size, encoding)
            size += len(part)
            if size > bound:
                detail = f"The body inflates to more than {bound} bytes."
                raise Problem("body_too_large", detail, limit=bound)
            parts.append(part)
        position -= len(member.unused_data)
    return b"".join(parts)


def _next(member: _Member, piece: memoryview, most: int, encoding: _Encoding) -> bytes:
    if not piece:
        raise _broken(encoding)
    try:
        return member.decompress(piece, most)
    except encoding.errors:
        raise _broken(encoding) from None


def _broken(encoding: _Encoding) -> Problem:
    return Problem("invalid_encoding", f"The body is not whole and valid {encoding.name}.")
