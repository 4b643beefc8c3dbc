"""A TCP proxy that misbehaves on demand, between any two processes."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")

_CHUNK = 64 * 1024
_SLOWNESS = 0.03
"""Seconds that each chunk takes while the proxy is slow."""


class Fault(Enum):
    """What a proxy does to the bytes that pass."""

    NONE = "none"
    CUT = "cut"
    """Every connection is closed, and each new one at once."""
    STALL = "stall"
    """Bytes wait; they go on when the fault ends."""
    SLOW = "slow"
    """Bytes come in small pieces with pauses."""
    RESET = "reset"
    """The next bytes in either direction reset their connection."""
    HALF = "half"
    """Of each answer's bytes the first half passes, then the connection is closed."""


class Proxy:
    """Listens on `port` of 127.0.0.1 and passes connections on to the port `target`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._fault = Fault.NONE
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.touched = 0
        """The number of chunks and connections that the present fault has met."""

    def close(self) -> None:
        """Close every connection and stop listening."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        """Misbehave while the block runs."""
        self._call(self._enter(fault))
        try:
            yield
        finally:
            self._call(self._enter(Fault.NONE))

    def lead_to(self, target: int) -> None:
        """Pass connections on to another port from now on; those that are there are closed."""
        self._target = target
        self._call(self._turn())

    async def _turn(self) -> None:
        self._abort()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _enter(self, fault: Fault) -> None:
        self._fault = fault
        if fault is not Fault.NONE:
            self.touched = 0
        if fault is Fault.STALL:
            self._flowing.clear()
        else:
            self._flowing.set()
        if fault is Fault.CUT:
            self._abort()

    def _abort(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        self._flowing.set()
        self._abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self._fault is Fault.CUT:
                self.touched += 1
                return
            onwards, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back)
            try:
                await self._both(self._pump(reader, back), self._pump(onwards, writer, half=True))
            finally:
                self._discard(back)
        except OSError:
            return
        finally:
            self._discard(writer)

    async def _both(self, *pumps: Coroutine[Any, Any, None]) -> None:
        """Pass bytes both ways until either way ends."""
        tasks = [asyncio.ensure_future(pump) for pump in pumps]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _discard(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, half: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                if self._fault is not Fault.NONE:
                    self.touched += 1
                await self._flowing.wait()
                if self._fault is Fault.SLOW:
                    await asyncio.sleep(_SLOWNESS)
                elif self._fault is Fault.RESET:
                    _reset(writer)
                    return
                elif self._fault is Fault.HALF and half:
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Make the end of the connection a reset (socket option SO_LINGER with no time)."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """Run a proxy before a port of 127.0.0.1 until the block ends."""
    running = Proxy(target)
    try:
        yield running
    finally:
        running.close()
