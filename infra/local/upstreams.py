"""The kept connections to all replicas."""

import asyncio
from collections import defaultdict, deque
from functools import partial
from typing import NamedTuple

from infra.local.ports import HOST
from infra.local.upstream import Upstream

_MOST_IDLE = 128


class _Idle(NamedTuple):
    since: float
    upstream: Upstream


class Upstreams:
    """Lends connections, the one used last first, and closes those that idle for `keep` seconds.

    `keep` is to be less than the replicas' own patience, so that none breaks at reuse.
    """

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._idle: defaultdict[int, deque[_Idle]] = defaultdict(deque)

    def kept(self, port: int) -> Upstream | None:
        """Return an open connection to the replica at a port that is not in use, if there is."""
        idle = self._idle[port]
        while idle:
            upstream = idle.pop().upstream
            if upstream.reusable:
                return upstream
        return None

    async def connect(self, port: int) -> Upstream:
        """Return a new connection. Raises OSError, ConnectionRefusedError if nobody listens."""
        loop = asyncio.get_running_loop()
        _, upstream = await loop.create_connection(partial(Upstream, port), HOST, port)
        return upstream

    def give_back(self, upstream: Upstream) -> None:
        """Keep a connection whose exchange is over, or cut it if it is of no more use."""
        idle = self._idle[upstream.port]
        if upstream.reusable and len(idle) < _MOST_IDLE:
            idle.append(_Idle(asyncio.get_running_loop().time(), upstream))
        else:
            upstream.fail("the exchange is over")

    async def ask(self, port: int, target: bytes) -> int:
        """Return the status of a replica's answer to a GET without a body. Raises OSError."""
        upstream = await self.connect(port)
        try:
            upstream.begin(to_head=False)
            head = b"GET %b HTTP/1.1\r\nhost: %b:%d\r\n\r\n" % (target, HOST.encode(), port)
            upstream.send((head,), last=True)
            answer = await upstream.answer()
            async for _ in upstream.chunks():
                pass
            return answer.status
        finally:
            self.give_back(upstream)

    def expire(self) -> None:
        """Close what idles for too long, and forget what closed by itself."""
        oldest = asyncio.get_running_loop().time() - self._keep
        for port, idle in list(self._idle.items()):
            while idle and (idle[0].since < oldest or not idle[0].upstream.reusable):
                idle.popleft().upstream.fail("idle")
            if not idle:
                del self._idle[port]

    def close(self) -> None:
        """Close what idles."""
        for idle in self._idle.values():
            for each in idle:
                each.upstream.fail("the gateway ends")
        self._idle.clear()
