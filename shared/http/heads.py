"""The head of an answer (RFC 9112)."""

import time
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class Framing(NamedTuple):
    """How an answer ends; `given` says that its headers hold `content-length` already."""

    length: int | None
    given: bool
    bodiless: bool
    closes: bool
    dated: bool


def frame(
    method: str, status: int, headers: Sequence[tuple[bytes, bytes]], length: int | None
) -> Framing:
    """Return the framing of an answer with a body of `length` bytes, None if it is not known.

    Raises ValueError for headers that are the server's own.
    """
    given = closes = dated = False
    for name, value in headers:
        if name == b"content-length":
            given, length = True, int(value)
        elif name == b"connection":
            closes = value.lower() == b"close"
            if not closes:
                raise ValueError("connection is the server's own, but for close")
        elif name == b"date":
            dated = True
        elif name == b"transfer-encoding":
            raise ValueError("transfer-encoding is the server's own")
    bodiless = method == "HEAD" or status in _BODILESS
    return Framing(length, given, bodiless, closes, dated)


def response_head(  # noqa: PLR0913 - what a head is made of
    status: int,
    headers: Sequence[tuple[bytes, bytes]],
    framing: Framing,
    reason: bytes | None,
    *,
    persistence: bytes,
    chunked: bool,
) -> bytes:
    """Return an answer's head. Raises ValueError for a header that would break out of its line."""
    if reason is None:
        line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    else:
        line = b"HTTP/1.1 %d %b\r\n" % (status, reason)
    lines = [b"%b: %b\r\n" % header for header in headers]
    if not framing.dated:
        lines.append(_date())
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif not framing.given and framing.length is not None and status not in _BODILESS:
        lines.append(b"content-length: %d\r\n" % framing.length)
    fields = b"".join(lines)
    if fields.count(b"\n") != len(lines) or fields.count(b"\r") != len(lines):
        raise ValueError("a header holds a line break")
    return b"%b%b%b\r\n" % (line, fields, persistence)


class _Clock:
    second = 0
    line = b""


def _date() -> bytes:
    """Return the Date header (RFC 9110, 6.6.1), made once a second."""
    now = int(time.time())
    if now != _Clock.second:
        _Clock.second = now
        _Clock.line = b"date: %b\r\n" % formatdate(now, usegmt=True).encode()
    return _Clock.line
