"""Callers that take their time, or send nothing at all."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

HEAD = b"POST /function/webhook-ingest HTTP/1.1\r\nHost: x\r\n"
WHOLE_HEAD = HEAD + b"Content-Length: 1000\r\n\r\n"
SENT = {
    "nothing": b"",
    "half a head": HEAD,
    "half a body": WHOLE_HEAD + b"[",
}
"""What slow callers send before they fall silent, by name."""


@contextmanager
def silent_after(url: str, sent: bytes) -> Iterator[socket.socket]:
    """Connect to a server, send something, and say no more."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as caller:
        caller.sendall(sent)
        yield caller


def heard(caller: socket.socket) -> bytes:
    """Return all that the server says until it closes the connection; fails after 20 s."""
    parts: list[bytes] = []
    while part := caller.recv(65536):
        parts.append(part)
    return b"".join(parts)
