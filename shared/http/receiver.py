"""From the bytes of a connection to exchanges, within bounds.

llhttp in its strict mode refuses what is ambiguous, such as `content-length` beside
`transfer-encoding` (https://github.com/nodejs/llhttp#leniency-flags).
"""

from collections.abc import Callable

import httptools

from shared.errors import Problem
from shared.http.body import Body
from shared.http.exchange import Exchange, Wire
from shared.http.limits import Limits

_OWN = {b"host", b"content-length", b"transfer-encoding", b"expect"}
_VERSIONS = ("1.1", "1.0")


class Receiver:
    """Parses one connection; `accept` gets each exchange when its head is complete.

    The methods named on_… are the parser's.
    """

    def __init__(
        self,
        wire: Wire,
        accept: Callable[[Exchange], None],
        throttle: Callable[[], None],
        limits: Limits,
        peer: str,
    ) -> None:
        self._wire = wire
        self._accept = accept
        self._throttle = throttle
        self._limits = limits
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        self._problem: Problem | None = None
        self._body: Body | None = None
        self._last = self._ended = False
        self._progress = False
        self._stalled = 0
        self.on_message_begin()

    def feed(self, data: bytes) -> None:
        """Take what came. Raises Problem for what is not a request; the connection is then done."""
        while data and not self._ended:
            body = self._body
            data = (
                self._parse(data) if body is None or body.left is None else self._pass(body, data)
            )

    def _pass(self, body: Body, data: bytes) -> bytes:
        """Pass on a body of known length without the parser, and return what comes after it."""
        left = body.left or 0
        part = data if len(data) <= left else data[:left]
        body.left = left - len(part)
        body.feed(part)
        if not body.left:
            self._parser = httptools.HttpRequestParser(self)
            self.on_message_complete()
        return data[len(part) :]

    def _parse(self, data: bytes) -> bytes:
        self._progress = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The offer to change the protocol is passed over (RFC 9110, 7.8).
            self._parser = httptools.HttpRequestParser(self)
            if self._body is not None and not self._body.left:
                self.on_message_complete()
            return data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if self._ended:
                return b""
            raise self._problem or Problem("invalid_request", f"{error}.") from error
        self._stalled = 0 if self._progress else self._stalled + len(data)
        if self._stalled > self._limits.head_bytes:
            raise _too_large(self._limits)
        return b""

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0
        self._hosts = 0
        self._length: int | None = None
        self._chunked = self._continues = False
        self._progress = True

    def on_url(self, part: bytes) -> None:
        """Take a part of the target."""
        self._target += part
        if len(self._target) > self._limits.target_bytes:
            self._refuse("target_too_long", f"A target may have {self._limits.target_bytes} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers are left out."""
        if self._body is not None:
            return
        name = name.lower()
        value = value.strip(b" \t")
        self._headers.append((name, value))
        self._size += len(name) + len(value)
        if name in _OWN:
            self._heed(name, value)

    def _heed(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"content-length":
            self._length = int(value)
        elif name == b"expect":
            self._continues = value.lower() == b"100-continue"
        elif self._chunked or value.lower() != b"chunked":
            self._refuse("not_implemented", "The only transfer encoding is chunked.")
        else:
            self._chunked = True

    def on_headers_complete(self) -> None:
        """Hand the exchange on."""
        self._progress = True
        version = self._parser.get_http_version()
        self._check(version)
        body = Body(self._throttle, self._limits.buffered_body)
        body.left = self._length
        body.exists = bool(self._chunked or self._length)
        method = self._parser.get_method().decode()
        exchange = Exchange(self._wire, body, method, self._target, self._headers, self._peer)
        exchange.http10 = version == "1.0"
        exchange.keep_alive = self._parser.should_keep_alive()
        exchange.continues = self._continues and body.exists and not exchange.http10
        self._last = not exchange.keep_alive
        try:
            self._accept(exchange)
        except Problem as problem:
            self._problem = problem
            raise
        self._body = body

    def _check(self, version: str) -> None:
        limits = self._limits
        if self._size > limits.head_bytes or len(self._headers) > limits.headers:
            raise self._keep(_too_large(limits))
        if version not in _VERSIONS:
            self._refuse("invalid_request", "Speak HTTP/1.1.")
        if version == "1.0" and self._chunked:
            self._refuse("invalid_request", "HTTP/1.0 has no transfer encoding.")
        if self._hosts > 1 or (version == "1.1" and not self._hosts):
            self._refuse("invalid_request", "Send one Host header.")
        if self._parser.should_upgrade() and (
            self._chunked or self._parser.get_method() == b"CONNECT"
        ):
            self._refuse("not_implemented", "There is no other protocol here.")

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self._progress = True
        body = self._body
        if body is not None:
            if body.left is not None:
                body.left -= len(part)
            body.feed(part)

    def on_message_complete(self) -> None:
        """End the request; a body that comes after an offer to upgrade is still to come."""
        self._progress = True
        body = self._body
        if body is None or body.left:
            return
        body.finish()
        self._body = None
        self._ended = self._last

    def _refuse(self, code: str, detail: str) -> None:
        raise self._keep(Problem(code, detail))

    def _keep(self, problem: Problem) -> Problem:
        """Note the problem, for the parser raises an error of its own in its place."""
        self._problem = problem
        return problem

    def fail(self, failure: Exception) -> bool:
        """Have the reader of an incomplete body fail; say whether there is such a body."""
        if self._body is None:
            return False
        self._body.fail(failure)
        return True


def _too_large(limits: Limits) -> Problem:
    detail = f"A head may have {limits.head_bytes} bytes and {limits.headers} headers."
    return Problem("head_too_large", detail)
