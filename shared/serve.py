"""Serves one role over HTTP: `python -m shared.serve webhook-ingest`.

Adds to the role our HTTP server, an inherited listening socket, drain on SIGTERM and the process's
garbage collector settings.
"""

import argparse
import asyncio
import gc
import importlib
import signal
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress

from shared.access.scopes import is_loopback
from shared.http.limits import Limits
from shared.http.server import serve_http
from shared.settings import Settings, settings
from shared.telemetry import configure_logging
from shared.tracing import configure_tracing, stop_tracing
from shared.web import Function


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
    """Serve until SIGTERM or SIGINT, then drain.

    The function is not ready from then on, but accepts for `drain_delay` seconds more, and has
    `drain_timeout` seconds to answer. Each further signal ends one of these.
    """
    with _signals() as told:
        listener = listening_socket(chosen)
        function.local = is_loopback(listener.getsockname()[0])
        await function.open()
        settle_memory()
        limits = Limits(idle_timeout=chosen.idle_timeout)
        try:
            server = await serve_http(function.serve, [listener], limits)
            await told.get()
            function.draining = True
            await _until_told(told, chosen.drain_delay)
            draining = asyncio.create_task(server.drain(chosen.drain_timeout))
            hurry = asyncio.create_task(told.get())
            await asyncio.wait({draining, hurry}, return_when=asyncio.FIRST_COMPLETED)
            hurry.cancel()
            server.abort()
            await draining
        finally:
            await function.close()


@contextmanager
def _signals() -> Iterator[asyncio.Queue[int]]:
    """Put each SIGTERM and SIGINT into a queue, while the block runs."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.put_nowait, number)
    try:
        yield told
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _until_told(told: asyncio.Queue[int], seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(told.get(), seconds)


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
    chosen = settings()
    configure_logging(role, chosen.log_level, instance=chosen.instance, share=chosen.log_share)
    configure_tracing(role, chosen.otel_exporter_otlp_endpoint, chosen.instance)
    run(serve(load_function(role), chosen))


def run(program: Coroutine[object, object, None]) -> None:
    """Run a program's main coroutine on uvloop."""
    import uvloop  # noqa: PLC0415 - functions-framework users of this module do not need it

    try:
        uvloop.run(program)
    finally:
        stop_tracing()


if __name__ == "__main__":
    main()
