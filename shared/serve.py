"""Serves one role over HTTP: `python -m shared.serve webhook-ingest`.

Adds to the role uvicorn, an inherited listening socket, drain on SIGTERM and the process's
garbage collector settings.
"""

import argparse
import asyncio
import gc
import importlib
import signal
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from shared.connections import BoundedConnection
from shared.settings import Settings, settings
from shared.telemetry import configure_logging
from shared.web import Function


class _DrainingServer(uvicorn.Server):
    """Goes on accepting for `drain_delay` seconds after the first signal, then finishes."""

    def __init__(self, config: uvicorn.Config, function: Function, drain_delay: float) -> None:
        super().__init__(config)
        self._function = function
        self._drain_delay = drain_delay

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals in the loop; unlike the original, do not die of them afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._function.draining or not self._drain_delay:
            self._function.draining = True
            super().handle_exit(sig, frame)
            return
        self._function.draining = True
        loop = asyncio.get_running_loop()
        loop.call_later(self._drain_delay, super().handle_exit, sig, frame)


def load_function(name: str) -> Function:
    """Return the application of a role, e.g. `fb-consume`. Raises ValueError for an unknown one."""
    module = f"functions.{name.replace('-', '_')}.main"
    try:
        return importlib.import_module(module).function  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise ValueError(f"unknown role: {name}") from error
        raise


def listening_socket(chosen: Settings) -> socket.socket:
    """Return the inherited listening socket, or a new one bound to HOST and PORT."""
    if chosen.listen_fd is not None:
        return socket.socket(fileno=chosen.listen_fd)
    return socket.create_server((chosen.host, chosen.port), backlog=1024)


async def serve(function: Function, chosen: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    config = uvicorn.Config(
        function,
        http=BoundedConnection,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=round(chosen.drain_timeout),
    )
    await function.open()
    settle_memory()
    server = _DrainingServer(config, function, chosen.drain_delay)
    try:
        await server.serve(sockets=[listening_socket(chosen)])
    finally:
        await function.close()


def settle_memory() -> None:
    """Keep the start-up's objects out of every later collection, and collect rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def main() -> None:
    """Serve the role named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m shared.serve", description=__doc__)
    parser.add_argument("role", help="for example webhook-ingest or fb-consume")
    role: str = parser.parse_args().role
    configure_logging(role, settings().log_level)
    run(serve(load_function(role), settings()))


def run(program: Coroutine[object, object, None]) -> None:
    """Run a program's main coroutine on uvloop."""
    import uvloop  # noqa: PLC0415 - functions-framework users of this module do not need it

    uvloop.run(program)


if __name__ == "__main__":
    main()
