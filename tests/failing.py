"""Lets one call of a library fail as if the connection had broken, and counts all of them."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import nats.errors
import psycopg
import pytest
from nats.aio.client import Client
from psycopg_pool import AsyncConnectionPool

BROKER = ("publish", "subscribe", "request")
"""What every call of the broker goes through: acknowledgements, pulls and the API as well."""

DATABASE: tuple[tuple[type, tuple[str, ...]], ...] = (
    (AsyncConnectionPool, ("getconn",)),
    (psycopg.AsyncCursor, ("execute", "fetchall", "copy")),
    (psycopg.AsyncCopy, ("write_row",)),
    (psycopg.AsyncConnection, ("commit",)),
    (psycopg.AsyncTransaction, ("__aenter__", "__aexit__")),
    (psycopg.Connection, ("execute",)),
    (psycopg.Cursor, ("execute", "fetchone", "fetchall")),
    (psycopg.ServerCursor, ("execute", "fetchone", "fetchall")),
)

WHEN = ("before", "after")
"""Not made at all, or made and its answer lost."""


class Calls:
    """Counts watched calls; the `failing`-th raises what `breaks` returns for its object."""

    def __init__(self, failing: int, when: str, breaks: Callable[[Any], Exception]) -> None:
        self.made = 0
        self._failing = failing
        self._when = when
        self._breaks = breaks

    @property
    def failed(self) -> bool:
        """Say whether one has failed."""
        return self.made >= self._failing

    def watched(self, function: Callable[..., Any], owner: object = None) -> Callable[..., Any]:
        """Return a function that is counted; `owner` is the object of a bound method."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - any method
                fails = self._begin(owner, given)
                result = await function(*given, **named)
                if fails:
                    raise self._breaks(owner or given[0])
                return result

            return asynchronous

        @functools.wraps(function)
        def synchronous(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - any method
            fails = self._begin(owner, given)
            result = function(*given, **named)
            if fails:
                raise self._breaks(owner or given[0])
            return result

        return synchronous

    def _begin(self, owner: object, given: tuple[object, ...]) -> bool:
        self.made += 1
        fails = self.made == self._failing
        if fails and self._when == "before":
            raise self._breaks(owner or given[0])
        return fails


def _broker_breaks(_: object) -> Exception:
    return nats.errors.ConnectionClosedError()


def _database_breaks(broken: Any) -> Exception:  # noqa: ANN401 - of several classes
    """Close the connection that an object belongs to, as the other side would."""
    connection = getattr(broken, "connection", broken)
    if isinstance(connection, psycopg.Connection | psycopg.AsyncConnection):
        connection.pgconn.finish()
    return psycopg.OperationalError("server closed the connection unexpectedly")


@contextmanager
def broker_calls(failing: int, when: str, client: Client | None = None) -> Iterator[Calls]:
    """Let a call of one client fail, or of any in this process."""
    calls = Calls(failing, when, _broker_breaks)
    with pytest.MonkeyPatch.context() as patch:
        for name in BROKER:
            owner: Any = client or Client
            patch.setattr(owner, name, calls.watched(getattr(owner, name), client))
        yield calls


@contextmanager
def database_calls(failing: int, when: str) -> Iterator[Calls]:
    """Let a call of the database fail."""
    calls = Calls(failing, when, _database_breaks)
    with pytest.MonkeyPatch.context() as patch:
        for owner, names in DATABASE:
            for name in names:
                patch.setattr(owner, name, calls.watched(getattr(owner, name)))
        yield calls
