"""The database's side: tombstones, rows, and which messages are on record as processed."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import stamina
from psycopg.rows import TupleRow

from infra.erasing.person import Person
from infra.erasing.progress import Tell
from infra.erasing.segments import anonymize_segments
from shared.store.hosts import to_primary
from shared.store.problems import problems
from shared.store.queries import query

WRITERS_PATIENCE = 30.0
"""Seconds to wait for writers at work; a batch takes a fraction of one."""

_CONNECT_TIMEOUT = 5


class Records:
    """What is stored of a person. Methods raise Problem."""

    def __init__(self, connection: psycopg.AsyncConnection[TupleRow], person: Person) -> None:
        self._connection = connection
        self._person = person

    @classmethod
    @asynccontextmanager
    async def of(cls, database_url: str, person: Person) -> "AsyncIterator[Records]":
        """Connect for the block."""
        with problems():
            connection = await psycopg.AsyncConnection.connect(
                to_primary(database_url),
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT,
                application_name="hookstream erase",
            )
        async with connection:
            yield cls(connection, person)

    async def count(self) -> int:
        """Return how many rows are the person's."""
        return int(await self._value("erase_count", self._filter()))

    async def record(self, moment: datetime) -> None:
        """Put up the tombstones: later writes of what was published by `moment` see them.

        Writers at work are waited for.
        """
        persons = [UUID(bytes=tombstone) for tombstone in self._person.tombstones]
        values = {"persons": persons, "moment": moment}
        async for attempt in stamina.retry_context(
            on=_is_busy, attempts=None, timeout=WRITERS_PATIENCE, wait_initial=0.1, wait_max=1.0
        ):
            with attempt:
                await self._value("erase_record", values)

    async def anonymize(self, moment: datetime, tell: Tell) -> int:
        """Take the person out of the rows, and of segments, and return how many rows.

        Each partition and each segment commits by itself; doing it again finds what is left.
        """
        with problems():
            cursor = await self._connection.execute(query("erase_partitions"))
            partitions = [name for (name,) in await cursor.fetchall()]
        rows = 0
        for number, partition in enumerate(partitions):
            tell("rows", number, len(partitions))
            values = {**self._filter(), "partition": partition, "moment": moment}
            rows += int(await self._value("erase_rows", values))
        with problems():
            await anonymize_segments(self._connection, self._person, moment, tell)
        return rows

    async def processed(self, messages: Mapping[int, datetime]) -> set[int]:
        """Return those of the messages, by sequence with their times, that the ledger knows."""
        values = {"sequences": list(messages), "moments": list(messages.values())}
        with problems():
            cursor = await self._connection.execute(query("erase_processed"), values)
            return {sequence for (sequence,) in await cursor.fetchall()}

    def _filter(self) -> dict[str, object]:
        return {"person": self._person.user_id, "types": self._person.types}

    async def _value(self, name: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - the column's
        with problems():
            cursor = await self._connection.execute(query(name), values)
            [(value,)] = await cursor.fetchall()
            return value


def _is_busy(error: Exception) -> bool:
    return isinstance(error.__cause__, psycopg.errors.LockNotAvailable)
