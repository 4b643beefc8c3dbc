"""The embedded servers, as programs for the supervisor and as a context manager for tests.

with embedded(tmp_path) as servers:
    servers.nats.url, servers.postgres.url
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra.local.nats_server import nats_server
from infra.local.ports import PortBook
from infra.local.postgres_server import postgres_server
from infra.local.programs import READY_TIMEOUT, Server, open_log

_POLL = 0.02


@dataclass(slots=True)
class RunningServer:
    """A server that runs as a child of this process; it can be stopped and started again."""

    server: Server
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return where clients connect."""
        return self.server.url

    @property
    def pid(self) -> int:
        """Return the process id. Raises RuntimeError when stopped."""
        if self._process is None:
            raise RuntimeError(f"{self.server.program.name} is stopped")
        return self._process.pid

    def start(self, timeout: float = READY_TIMEOUT) -> None:
        """Start the server and wait until it is ready. Raises ServerFailedError."""
        program = self.server.program
        with open_log(program.log) as log:
            self._process = subprocess.Popen(  # noqa: S603 - the program is ours
                program.command(), **program.options(log)
            )
        deadline = time.monotonic() + timeout
        while not self.server.ready():
            if (code := self._process.poll()) is not None:
                self._process = None
                raise self.server.failure(f"ended with code {code}")
            if time.monotonic() > deadline:
                self.kill()
                raise self.server.failure(f"was not ready after {timeout:g} s")
            time.sleep(_POLL)

    def stop(self) -> None:
        """Stop the server in good order, or by force after its `stop_timeout`."""
        if self._process is None:
            return
        self._process.send_signal(self.server.program.stop_signal)
        try:
            self._process.wait(self.server.program.stop_timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the server as `kill -9` does."""
        if self._process is None:
            return
        # PostgreSQL's workers outlive their parent for a moment and block the next start so long.
        workers = psutil.Process(self._process.pid).children()
        self._process.kill()
        self._process.wait()
        psutil.wait_procs(workers, timeout=self.server.program.stop_timeout)
        self._process = None


@dataclass(frozen=True, slots=True)
class Servers:
    """The embedded servers of one state directory."""

    nats: RunningServer
    postgres: RunningServer


@contextmanager
def embedded(state: Path, *, shared_buffers: str = "64MB") -> Iterator[Servers]:
    """Run nats-server and PostgreSQL below `state` until the block ends.

    Both listen on free ports of 127.0.0.1 and keep them over `stop` and `start`. They die with
    the thread that entered the block.
    """
    book = PortBook(state / "ports.json")
    running = Servers(
        nats=RunningServer(nats_server(state, book)),
        postgres=RunningServer(postgres_server(state, book, shared_buffers=shared_buffers)),
    )
    with ExitStack() as stack:
        for server in (running.nats, running.postgres):
            stack.callback(server.stop)
            server.start()
        yield running
