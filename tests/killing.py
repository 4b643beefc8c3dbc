"""Runs a program that kills itself at a named point: `python -m killing POINT program arguments`.

The program is a module or the path of a script. Its own code knows nothing of it: one of its
functions is wrapped before it starts.
"""

import asyncio
import functools
import importlib
import inspect
import itertools
import os
import runpy
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Served, listening, serve

HERE = Path(__file__).parent

_TURNS = 20
"""Turns of the event loop, of which a client's buffer needs two to reach its socket."""


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a program: `before` or `after` the `call`-th call of a function.

    `function` is `module:name` or `module:Class.name`.
    """

    when: str
    function: str
    call: int = 1

    def __str__(self) -> str:
        """Return the point as the command line has it."""
        return f"{self.when} {self.function} {self.call}"

    @classmethod
    def of(cls, text: str) -> "Point":
        """Read a point back."""
        when, function, call = text.split()
        return cls(when, function, int(call))

    def set_up(self) -> None:
        """Have this process die there."""
        module, _, path = self.function.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, name = path.split(".")
        for each in classes:
            owner = getattr(owner, each)
        setattr(owner, name, self._fatal(getattr(owner, name)))

    def _fatal(self, function: Callable[..., Any]) -> Callable[..., Any]:
        calls = itertools.count(1)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*given: object, **named: object) -> object:
                mine = next(calls) == self.call
                if mine and self.when == "before":
                    await _die_with_everything_sent()
                result = await function(*given, **named)
                if mine:
                    await _die_with_everything_sent()
                return result

            return asynchronous

        @functools.wraps(function)
        def synchronous(*given: object, **named: object) -> object:
            mine = next(calls) == self.call
            if mine and self.when == "before":
                _die()
            result = function(*given, **named)
            if mine:
                _die()
            return result

        return synchronous


async def _die_with_everything_sent() -> None:
    """Die once the event loop has handed on what was written before, as if a moment later."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which `python -m killing` finds this module."""
    return {**given, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves HTTP on a socket which outlives its processes."""

    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    socket: socket.socket

    @property
    def url(self) -> str:
        """Return the URL that all of its processes have."""
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    @contextmanager
    def dying(self, point: Point) -> Iterator[Served]:
        """Run it until it is at the point, which it has to reach before the block ends."""
        with serve(
            "killing",
            *(str(point), self.module, *self.arguments),
            environment=environment(self.environment),
            ready=False,
            on=self.socket,
        ) as served:
            yield served
            assert served.process.wait(30) == -signal.SIGKILL

    @contextmanager
    def running(self) -> Iterator[Served]:
        """Run it as it is."""
        with serve(
            self.module, *self.arguments, environment=self.environment, on=self.socket
        ) as served:
            yield served


@contextmanager
def program(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """Yield a program that is not running yet."""
    with listening() as own:
        yield Program(module, arguments, environment, own)


if __name__ == "__main__":
    _, named, target, *rest = sys.argv
    Point.of(named).set_up()
    sys.argv = [target, *rest]
    if Path(target).is_absolute():
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)
