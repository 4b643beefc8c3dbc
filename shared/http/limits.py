"""What callers may take of a server."""

from dataclasses import dataclass

from shared.settings import KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one connection. Sizes are bytes, times are seconds."""

    idle_timeout: float = 75
    """Longest time without a complete request head, while no request is being answered."""
    head_bytes: int = 64 * KIB
    """Longest request head; the parser may hold one segment of the network more."""
    target_bytes: int = 16 * KIB
    """Longest request target."""
    headers: int = 128
    """Most headers of a request."""
    buffered_body: int = 512 * KIB
    """Bytes of a body that wait for the application before the caller has to."""
    pipelined: int = 64
    """Requests that wait for an answer; the connection closes after those, if there are more."""
    linger: float = 2
    """Time for a caller to read the last answer while it still sends."""
