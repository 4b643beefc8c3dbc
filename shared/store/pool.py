"""The connections of one process to PostgreSQL.

Every error that is about the database's state leaves here as a Problem (shared.store.problems).
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from shared.errors import Problem
from shared.settings import Settings
from shared.store.hosts import to_primary
from shared.store.problems import RETRY_AFTER, problems
from shared.store.queries import query

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
_Result = TypeVar("_Result")

# Seconds between the rounds in which a pool without connections tries again.
_RECONNECT_ROUND = 4.0
# A peer that vanished without a word is given up after about 25 seconds.
_DEAD_PEER = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

_SILENT = ("database_unavailable", "The database does not answer.")
_SLOW = ("query_timeout", "The report hit its time limit: shorten the range or drop a filter.")

# The pool tells of every borrow at level INFO.
logging.getLogger("psycopg.pool").setLevel(logging.WARNING)


class Database:
    """A bounded pool that opens without waiting and outlives restarts of the server.

    `name` shows in pg_stat_activity. `configure` runs once on each new connection.

    A connection is not asked before it is lent whether it still works: the first statement shows
    that, and runs again on another one if it does not.
    """

    def __init__(
        self,
        chosen: Settings,
        name: str,
        *,
        configure: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> None:
        self._timeout = chosen.database_timeout
        self._statement_timeout = chosen.statement_timeout
        connect_timeout = max(2, math.ceil(chosen.database_timeout))
        self._pool: Pool = AsyncConnectionPool(
            to_primary(chosen.database_url),
            kwargs={
                "application_name": f"hookstream {name}",
                "autocommit": True,
                "connect_timeout": connect_timeout,
                **_DEAD_PEER,
            },
            min_size=1,
            max_size=chosen.database_pool_size,
            open=False,
            configure=configure,
            name=name,
            timeout=chosen.database_timeout,
            reconnect_timeout=_RECONNECT_ROUND,
            reconnect_failed=AsyncConnectionPool.check,
        )

    async def open(self) -> None:
        """Begin to connect; returns at once, whether or not the server is there."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close the connections; those in use close when their block ends."""
        await self._pool.close(timeout=1)

    async def ping(self) -> None:
        """Return if the server answers. Raises Problem database_unavailable."""
        with problems():
            async with _deadline(self._timeout, _SILENT), self._lend(Pool.check_connection):
                pass

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commit what the block does when it ends, roll back if it raises.

        Raises Problem database_unavailable, database_full or query_timeout.
        """
        with problems():
            async with self._lend(_begin) as (connection, _):
                try:
                    yield connection
                except psycopg.errors.ReadOnlySqlTransaction:
                    # The server has become a standby: the next connection looks for the primary.
                    await connection.close()
                    raise

    @asynccontextmanager
    async def snapshot(self, *, unbounded: bool = False) -> AsyncIterator[Connection]:
        """Show the block one moment of the database, read only.

        Each statement may take STATEMENT_TIMEOUT seconds, and all of them little more, unless
        the block is `unbounded` and looks after its time itself. Raises Problem
        database_unavailable or query_timeout.
        """
        limit = {"milliseconds": str(math.ceil(self._statement_timeout * 1000))}
        whole = None if unbounded else self._timeout + self._statement_timeout

        async def begin(connection: Connection) -> None:
            await psycopg.AsyncClientCursor(connection).execute(query("snapshot_begin"), limit)

        with problems():
            async with _deadline(whole, _SLOW), self._lend(begin) as (connection, _):
                yield connection

    async def glance(self, read: Callable[[Connection], Awaitable[_Result]]) -> _Result:
        """Return what one statement reads: it shows one moment by itself.

        That is a round trip in place of a snapshot's three. `read` may run twice. Raises Problem
        database_unavailable or query_timeout.
        """
        whole = self._timeout + self._statement_timeout
        with problems():
            async with _deadline(whole, _SLOW), self._lend(read) as (_, result):
                return result

    @asynccontextmanager
    async def _lend(
        self, first: Callable[[Connection], Awaitable[_Result]]
    ) -> AsyncIterator[tuple[Connection, _Result]]:
        """Lend a connection and what `first` has returned on it.

        A transaction that `first` began ends with the block. The first connection that proves
        broken has all others looked at.
        """
        for again in (True, False):
            async with self._pool.connection() as connection:
                try:
                    result = await first(connection)
                except psycopg.OperationalError:
                    if not (again and connection.broken):
                        raise
                else:
                    yield connection, result
                    return
            await self._pool.check()


async def _begin(connection: Connection) -> None:
    await connection.execute("begin", prepare=False)


@asynccontextmanager
async def _deadline(seconds: float | None, problem: tuple[str, str]) -> AsyncIterator[None]:
    """Bound the block even if the server is frozen and its own timeouts with it."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Problem(*problem, retry_after=RETRY_AFTER) from error
