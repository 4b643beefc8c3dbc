"""Claims the identities of a batch's events: what makes an event count once.

Most batches hold nothing that was ever stored, and a plain COPY of their keys costs half of an
`insert … on conflict`, which looks each of them up before it writes it. So the keys are copied
within a savepoint; when one of them is known, that is undone and they are inserted one by one.
"""

from collections.abc import Collection
from datetime import datetime

import psycopg
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from shared.store.copying import KeyArray
from shared.store.queries import query

WORTHWHILE = 200
"""Keys from which on a COPY and its savepoint cost less than an insert."""

# https://www.postgresql.org/docs/current/sql-copy.html, binary format: signature, no flags, no
# extension; a tuple of one field of 16 bytes; the trailer.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TUPLE = b"\0\1\0\0\0\x10"
_TRAILER = b"\xff\xff"


class Identities:
    """Claims keys of 16 bytes, each for one transaction only."""

    def __init__(self) -> None:
        self._repeating = False

    async def claim(self, cursor: AsyncCursor[TupleRow], keys: Collection[bytes]) -> set[bytes]:
        """Claim keys, all different, until the transaction ends; return those claimed before.

        Keys are written in order, so that concurrent writers wait for each other but never in a
        circle. Raises psycopg.Error.
        """
        if len(keys) >= WORTHWHILE and not self._repeating:
            try:
                async with cursor.connection.transaction():
                    await _copy(cursor, keys)
            except psycopg.errors.UniqueViolation:
                pass
            else:
                return set()
        await cursor.execute(query("store_keys"), {"keys": KeyArray.of(keys)})
        known: set[bytes] = {key for (key,) in await cursor.fetchall()}
        # Where one batch repeats what is known, the next one is likely to.
        self._repeating = bool(known)
        return known


async def _copy(cursor: AsyncCursor[TupleRow], keys: Collection[bytes]) -> None:
    async with cursor.copy(query("store_new_keys")) as copy:
        await copy.write(b"".join([_HEADER, *(_TUPLE + key for key in sorted(keys)), _TRAILER]))


async def erased_since(cursor: AsyncCursor[TupleRow], oldest: datetime | None) -> bool:
    """Say whether somebody was erased after a moment; nobody is until the transaction ends."""
    await cursor.execute(query("store_erased_since"), {"oldest": oldest})
    found = await cursor.fetchone()
    return bool(found and found[0])
