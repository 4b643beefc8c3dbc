"""Copies rows into the events table in binary, and tells which row a refusal is about.

Formats: https://www.postgresql.org/docs/current/sql-copy.html, binary format.
"""

import re
import struct
from collections.abc import Collection, Sequence

import psycopg
from psycopg import AsyncCursor, postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

from shared.store.pool import Connection
from shared.store.queries import query
from shared.store.rows import COPY_TYPES, Row

_UUID = postgres.types["uuid"]
_ARRAY_HEAD = struct.Struct(">iiIii")
_KEY_LENGTH = (16).to_bytes(4, "big")
_LINE = re.compile(r"COPY \w+, line (\d+)")


class RefusedRowError(Exception):
    """The database, or the driver before it, does not take a row.

    `homeless` says that there is no partition for it.
    """

    def __init__(self, row: Row, reason: str, *, homeless: bool = False) -> None:
        super().__init__(reason)
        self.row = row
        self.reason = reason
        self.homeless = homeless


class KeyArray(bytes):
    """A uuid[] in PostgreSQL's binary representation (array_send in arrayfuncs.c)."""

    __slots__ = ()

    @classmethod
    def of(cls, keys: Collection[bytes]) -> "KeyArray":
        """Return the array of 16-byte keys."""
        head = _ARRAY_HEAD.pack(1, 0, _UUID.oid, len(keys), 1)
        return cls(head + b"".join([_KEY_LENGTH + key for key in keys]))


class _Representation(Dumper):
    """Sends a type's binary representation, given as bytes, as it is."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class _InstantDumper(_Representation):
    oid = postgres.types["timestamptz"].oid


class _KeyArrayDumper(_Representation):
    oid = _UUID.array_oid


async def prepare(connection: Connection) -> None:
    """Make a new connection fit for writing events."""
    connection.adapters.register_dumper(None, _InstantDumper)
    connection.adapters.register_dumper(KeyArray, _KeyArrayDumper)


async def copy_rows(cursor: AsyncCursor[TupleRow], rows: Sequence[Row]) -> None:
    """Copy rows into place.

    Raises RefusedRowError, which leaves the transaction aborted, or psycopg.Error for trouble
    that is not about a row.
    """
    try:
        async with cursor.copy(query("store_copy")) as copy:
            copy.set_types(COPY_TYPES)
            for row in rows:
                try:
                    # Not copy.write_row(): a coroutine for each row costs as much as half of it.
                    block = copy.formatter.write_row(row.columns)
                except (psycopg.DataError, ArithmeticError, TypeError, ValueError) as error:
                    raise RefusedRowError(row, type(error).__name__) from error
                if block:
                    await copy.write(block)
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.OperationalError) as error:
        found = _LINE.match(error.diag.context or "")
        if found is None or not _is_about_data(error):
            raise
        reason = error.diag.message_primary or type(error).__name__
        homeless = isinstance(error, psycopg.errors.CheckViolation)
        raise RefusedRowError(rows[int(found[1]) - 1], reason, homeless=homeless) from error


def _is_about_data(error: psycopg.Error) -> bool:
    """Say whether an error is a value's fault: classes 22, 23 and program_limit_exceeded."""
    return (error.sqlstate or "")[:2] in {"22", "23", "54"}
