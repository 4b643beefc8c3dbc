"""What changes in the heads of requests and answers between two hops."""

import random
from collections.abc import Collection

from infra.local.ports import HOST
from infra.local.upstream import AnswerHead
from shared.http.exchange import Exchange, Headers

CALL_ID = b"x-call-id"

_CONNECTION = b"connection"
_LENGTH = b"content-length"
_FORWARDED_FOR = b"x-forwarded-for"
_FORWARDED_HOST = b"x-forwarded-host"
_FORWARDED_PROTO = b"x-forwarded-proto"
# RFC 9110, 7.6.1
_HOP_BY_HOP = frozenset(
    (
        _CONNECTION,
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
_REWRITTEN = _HOP_BY_HOP | {b"host", b"expect", _LENGTH, _FORWARDED_FOR}


def new_call_id() -> bytes:
    """Return the identity of a call: 32 hexadecimal digits, distinct but no secret."""
    return b"%032x" % random.getrandbits(128)


def request_head(exchange: Exchange, target: bytes, port: int, call: bytes | None) -> bytes:
    """Return the head with which a request goes on to the replica at `port`.

    `call` is the identity of a call that has none yet. A body stays framed as it came: by its
    length, else chunked.
    """
    known = dict(exchange.headers)
    host = b"%b:%d" % (HOST.encode(), port)
    lines = [b"%b %b HTTP/1.1\r\nhost: %b\r\n" % (exchange.method.encode(), target, host)]
    lines += [b"%b: %b\r\n" % header for header in _kept(exchange.headers, _REWRITTEN, known)]
    earlier = [value for name, value in exchange.headers if name == _FORWARDED_FOR]
    hops = b", ".join((*earlier, exchange.peer.encode()))
    lines.append(b"x-forwarded-for: %b\r\n" % hops)
    if _FORWARDED_HOST not in known:
        lines.append(b"x-forwarded-host: %b\r\n" % known.get(b"host", b""))
    if _FORWARDED_PROTO not in known:
        lines.append(b"x-forwarded-proto: http\r\n")
    if call is not None:
        lines.append(b"x-call-id: %b\r\n" % call)
    if (length := known.get(_LENGTH)) is not None:
        lines.append(b"content-length: %b\r\n" % length)
    elif exchange.body_exists:
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def answer_headers(answer: AnswerHead, call: bytes | None) -> list[tuple[bytes, bytes]]:
    """Return the headers with which an answer goes on; `call` as for the request."""
    known = dict(answer.headers)
    headers = _kept(answer.headers, _HOP_BY_HOP, known)
    if call is not None:
        if CALL_ID in known:
            headers = [header for header in headers if header[0] != CALL_ID]
        headers.append((CALL_ID, call))
    return headers


def _kept(
    headers: Headers, dropped: frozenset[bytes], names: Collection[bytes]
) -> list[tuple[bytes, bytes]]:
    """Return the headers that go on, without `dropped` and those that Connection names."""
    if _CONNECTION in names:
        dropped |= _named(headers)
    return [header for header in headers if header[0] not in dropped]


def _named(headers: Headers) -> frozenset[bytes]:
    """Return the headers that Connection declares to be this connection's own."""
    lists = (value.lower().split(b",") for name, value in headers if name == _CONNECTION)
    return frozenset(name.strip() for names in lists for name in names)
