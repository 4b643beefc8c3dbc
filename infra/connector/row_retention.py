"""Lets rows expire by whole partitions; the counts of reports stay, for they come from rollups.

A row is processed by its nature: what is pending is in EVENTS, and retention there is another.
"""

import asyncio
import logging

from shared.errors import Problem
from shared.store.pool import Database
from shared.store.queries import query
from shared.telemetry import fields

INTERVAL = 60.0

logger = logging.getLogger(__name__)


class RowRetentionKeeper:
    """Keeps rows for `keep_days` days after the end of their partition; 0 is for ever."""

    def __init__(self, database: Database, keep_days: int) -> None:
        self._database = database
        self._keep_days = keep_days

    async def run(self) -> None:
        """Let rows expire until cancelled; a database that is away or busy is tried again."""
        while self._keep_days:
            try:
                await self.expire()
            except Problem as problem:
                logger.warning("rows not expired", extra=fields(error=str(problem)))
            await asyncio.sleep(INTERVAL)

    async def expire(self) -> None:
        """Drop the partitions that are old enough, each in a transaction. Raises Problem.

        Several may do so at once. A partition that is in use stays until the next time.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                query("retention_partitions"), {"days": self._keep_days}
            )
            partitions = [name for (name,) in await cursor.fetchall()]
        for partition in partitions:
            async with self._database.transaction() as connection:
                values = {"partition": partition}
                cursor = await connection.execute(query("retention_expire"), values)
                [(rows,)] = await cursor.fetchall()
            if rows is None:
                logger.info("rows in use", extra=fields(partition=partition))
            else:
                logger.info("rows expired", extra=fields(partition=partition, rows=rows))
