"""Runs the project's programs as processes of a test."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx2
import stamina


@dataclass(frozen=True, slots=True)
class Served:
    """A program that serves HTTP."""

    url: str
    process: subprocess.Popen[bytes]

    def ready(self) -> None:
        """Return when the program is ready; fails if it is not within 20 s."""
        wait_until_ready(self.url)


class NotReadyError(Exception):
    """The program does not serve yet."""


def wait_until_ready(url: str) -> None:
    """Return when `url`/health/ready answers 200."""
    for attempt in stamina.retry_context(
        on=(httpx2.TransportError, NotReadyError), attempts=None, timeout=20, wait_max=0.1
    ):
        with attempt:
            answer = httpx2.get(f"{url}/health/ready", timeout=5)
            if answer.status_code != 200:
                raise NotReadyError(answer.text)


@contextmanager
def serve(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    ready: bool = True,
    on: socket.socket | None = None,
) -> Iterator[Served]:
    """Run `python -m module arguments` and stop it with SIGTERM.

    It listens on a socket of its own, or on that of the test, which outlives the program.
    """
    with socket.socket(fileno=os.dup(on.fileno())) if on else listening() as listener:
        port = listener.getsockname()[1]
        own = {**os.environ, **environment, "LISTEN_FD": str(listener.fileno())}
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(command, env=own, pass_fds=[listener.fileno()])
    with _stopping(process):
        served = Served(f"http://127.0.0.1:{port}", process)
        if ready:
            served.ready()
        yield served


def listening() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1."""
    return socket.create_server(("127.0.0.1", 0), backlog=256)


@contextmanager
def run(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command and stop it with SIGTERM."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    with _stopping(process):
        yield process


@contextmanager
def _stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


StartServed = Callable[..., AbstractContextManager[Served]]
"""Starts a program with changes to its environment."""
