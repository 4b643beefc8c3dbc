"""A child process of the supervisor."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from infra.local.programs import Program, open_log
from infra.local.registry import Registry


class Child:
    """A running program in its own process group, noted in the registry while it runs."""

    def __init__(
        self, program: Program, process: asyncio.subprocess.Process, registry: Registry
    ) -> None:
        self.program = program
        self.pid = process.pid
        self.stopping = False
        self._process = process
        self._registry = registry
        self._started = time.monotonic()

    @classmethod
    async def start(
        cls, program: Program, registry: Registry, pass_fds: Sequence[int] = ()
    ) -> "Child":
        """Start a program; it inherits the descriptors `pass_fds`."""
        with open_log(program.log) as log:
            process = await asyncio.create_subprocess_exec(
                *program.command(), **program.options(log, pass_fds)
            )
        registry.add(program.name, process.pid, program.stop_signal)
        return cls(program, process, registry)

    @property
    def uptime(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started

    async def wait(self) -> int:
        """Wait for the end; return the exit code, negative for a signal."""
        code = await self._process.wait()
        self._registry.remove(self.pid)
        return code

    async def stop(self) -> int:
        """Stop in good order, or kill the process group after the program's `stop_timeout`."""
        self.stopping = True
        with suppress(ProcessLookupError):
            self._process.send_signal(self.program.stop_signal)
        try:
            return await asyncio.wait_for(self.wait(), self.program.stop_timeout)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            return await self.wait()


def describe_exit(code: int) -> str:
    """Return an exit code in words, e.g. `exit code 1` or `SIGKILL`."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
