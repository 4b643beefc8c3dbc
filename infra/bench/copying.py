"""Copies stored rows into a table without indexes: the least that storing them can cost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import psycopg

from infra.bench.meters import cpu_seconds
from shared.store.queries import query

_ROWS: Final = 5_000
"""Rows of a transaction, as in a full invocation."""


def copy_rows_again(
    database_url: str, rows: int, writers: int
) -> Callable[[], Awaitable[float | None]]:
    """Read so many rows of events and return what copies them, in binary, by so many writers.

    That returns the CPU seconds of the server's processes, None if they are not on this machine.
    Raises psycopg.Error.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(b"drop table if exists bench_rows")
        connection.execute(query("bench_rows_table"))
        chunks = [_read(connection, at) for at in range(0, rows, _ROWS)]

    async def copy() -> float | None:
        parts = [chunks[writer::writers] for writer in range(writers)]
        spent = await asyncio.gather(
            *(asyncio.to_thread(_write, database_url, part) for part in parts)
        )
        known = [each for each in spent if each is not None]
        return sum(known) if len(known) == len(spent) else None

    return copy


def _read(connection: psycopg.Connection, offset: int) -> bytes:
    window = {"limit": _ROWS, "offset": offset}
    with psycopg.ClientCursor(connection).copy(query("bench_rows_out"), window) as copy:
        return b"".join(map(bytes, copy))


def _write(database_url: str, chunks: Sequence[bytes]) -> float | None:
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        before = _spent(connection)
        for chunk in chunks:
            with cursor.copy(query("bench_rows_in")) as copy:
                copy.write(chunk)
        after = _spent(connection)
    return None if before is None or after is None else after - before


def _spent(connection: psycopg.Connection) -> float | None:
    """Return what the server's process has used, None if it is not on this machine."""
    try:
        return cpu_seconds(connection.info.backend_pid)
    except OSError:
        return None
