"""One connection of a caller: requests in, answers out, in their order."""

import asyncio
import logging
from collections import deque
from typing import cast

from shared.errors import Problem
from shared.http.body import Body
from shared.http.connections import Connections
from shared.http.exchange import ClientDisconnectedError, Exchange
from shared.http.receiver import Receiver
from shared.http.refusals import refuse
from shared.settings import KIB

_WRITE_BUFFER = 256 * KIB

logger = logging.getLogger(__name__)


class _LeftOverError(Exception):
    """The rest of a body that its request was answered without."""


class Connection(asyncio.Protocol):
    """Runs the application on one request after the other, each in a task of its own.

    A Problem that it raises becomes the answer, unless that has begun.
    """

    _transport: asyncio.Transport
    _receiver: Receiver
    _timer: asyncio.TimerHandle

    def __init__(self, group: Connections) -> None:
        self._group = group
        self._limits = group.limits
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._refusal: Problem | None = None
        self._unclogged: asyncio.Future[None] | None = None
        self._clogged = self._paused = self._deaf = self._lost = False
        self._waiting_since = self._loop.time()

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        peer = transport.get_extra_info("peername")
        name = str(peer[0]) if peer else ""
        self._receiver = Receiver(self, self._accept, self._throttle, self._limits, name)
        self._timer = self._loop.call_later(self._limits.idle_timeout, self._look)
        self._group.enter(self)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._deaf:
            return
        try:
            self._receiver.feed(data)
        except Problem as problem:
            self._refuse(problem)

    def pause_writing(self) -> None:
        """Hold answers back."""
        self._clogged = True

    def resume_writing(self) -> None:
        """Go on with what was held back."""
        self._clogged = False
        if self._unclogged is not None and not self._unclogged.done():
            self._unclogged.set_result(None)
        if self._current is None:
            self._go_on()

    def connection_lost(self, _reason: Exception | None) -> None:
        """Tell the application, if it still reads or writes."""
        self._lost = self._deaf = True
        self._timer.cancel()
        self._queue.clear()
        if self._unclogged is not None and not self._unclogged.done():
            self._unclogged.set_exception(ClientDisconnectedError())
        if self._current is None or self._task is None:
            self._group.leave(self)
            return
        self._current.body.fail(ClientDisconnectedError())
        if self._group.cancels and not self._current.answered:
            self._task.cancel()

    # The exchange's side

    def send(self, *parts: bytes) -> None:
        """Send bytes, if the caller is still there."""
        if self._lost:
            return
        for part in parts:
            if part:
                self._transport.write(part)

    async def drained(self) -> None:
        """Return when more may be sent. Raises ClientDisconnectedError."""
        # A transport whose caller is gone drops what it is given, and says so a turn later.
        if self._lost or self._transport.is_closing():
            raise ClientDisconnectedError
        if self._clogged:
            self._unclogged = self._loop.create_future()
            await self._unclogged

    def keeps(self) -> bool:
        """Say whether the connection may go on after the answer that is being made."""
        return not self._group.leaving or bool(self._queue)

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    # One request after the other

    def _accept(self, exchange: Exchange) -> None:
        if self._current is None and not self._clogged:
            self._begin(exchange)
        elif len(self._queue) < self._limits.pipelined:
            self._queue.append(exchange)
            self._throttle()
        else:
            raise Problem("too_many_requests", "Wait for answers.", retry_after=1)

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        self._task = self._loop.create_task(self._run(exchange))

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._group.application(exchange)
        except ClientDisconnectedError:
            logger.debug("caller gone")
        except Problem as problem:
            if not exchange.started:
                refuse(exchange, problem)
        except Exception:
            logger.exception("unexpected error")
        finally:
            self._task = None
            self._over(exchange)

    def _over(self, exchange: Exchange) -> None:
        if self._lost:
            self._group.leave(self)
            return
        if self._transport.is_closing():
            return
        if not exchange.answered:
            if exchange.started:
                self._transport.abort()
                return
            refuse(exchange, Problem("internal_error", "The request was not answered."))
        whole = exchange.body.complete
        exchange.body.fail(_LeftOverError())
        if not exchange.keep_alive:
            self._part(whole=whole)
            return
        self._current = None
        self._waiting_since = self._loop.time()
        if self._queue or self._refusal is not None or self._paused or self._group.leaving:
            self._go_on()

    def _go_on(self) -> None:
        """Begin the next request, unless answers pile up because the caller does not read."""
        if self._clogged:
            return
        if self._queue:
            self._begin(self._queue.popleft())
        elif self._refusal is not None:
            self._part_refusing(self._refusal)
        elif self._group.leaving:
            self._transport.close()
        self._throttle()

    def _throttle(self) -> None:
        """Read on, or do not."""
        current = self._current
        pause = not self._deaf and bool(self._queue or (current and current.body.full))
        if pause == self._paused or self._transport.is_closing():
            return
        self._paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # The end

    def retire(self) -> None:
        """Close after the answers that are owed."""
        if self._current is None and not self._queue:
            self._transport.close()

    def evict(self) -> None:
        """Break off what is under way."""
        self._transport.abort()
        if self._task is not None:
            self._task.cancel()

    def _refuse(self, problem: Problem) -> None:
        """Have what is no request end the connection, once the requests before are answered."""
        self._deaf = True
        if self._receiver.fail(problem):
            latest = self._queue[-1] if self._queue else self._current
            if latest is None:
                self._transport.close()
            else:
                latest.keep_alive = False
            return
        self._refusal = problem
        if self._current is None:
            self._go_on()

    def _part_refusing(self, problem: Problem) -> None:
        self._refusal = None
        exchange = Exchange(self, Body.empty(), "GET", b"", [], "")
        exchange.keep_alive = False
        refuse(exchange, problem)
        self._part(whole=False)

    def _part(self, *, whole: bool) -> None:
        """Close; a caller that still sends may read its answer before (RFC 9112, 9.6)."""
        self._deaf = True
        if whole:
            self._transport.close()
            return
        self._throttle()
        self._transport.write_eof()
        self._timer.cancel()
        self._timer = self._loop.call_later(self._limits.linger, self._transport.abort)

    def _look(self) -> None:
        """Close if there was no request for long; cut what a close does not end for as long."""
        idle = self._limits.idle_timeout
        rest = idle
        if self._transport.is_closing():
            self._transport.abort()
        elif self._current is None:
            rest = self._waiting_since + idle - self._loop.time()
            if rest <= 0:
                self._transport.close()
                rest = idle
        self._timer = self._loop.call_later(rest, self._look)
