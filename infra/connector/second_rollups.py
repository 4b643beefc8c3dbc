"""Rolls up by second what a version before these rollups has stored, while it still runs and after.

Reports are right without, but slower: they read rows.
"""

import asyncio
import logging

from shared.errors import Problem
from shared.store.pool import Database
from shared.store.queries import query
from shared.telemetry import fields

INTERVAL = 60.0

logger = logging.getLogger(__name__)


class SecondRollupKeeper:
    """Brings rollup_seconds up to date with rollup_types, as far as there are rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Roll up until cancelled; a database that is away or busy is tried again."""
        while True:
            try:
                await self.roll_up()
            except Problem as problem:
                logger.warning("seconds not rolled up", extra=fields(error=str(problem)))
            await asyncio.sleep(INTERVAL)

    async def roll_up(self) -> None:
        """Roll up every quarter of an hour that is behind, each in a transaction. Raises Problem.

        Several may do so at once.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(query("seconds_behind"))
            quarters = [quarter for (quarter,) in await cursor.fetchall()]
        for quarter in quarters:
            async with self._database.transaction() as connection:
                await connection.execute(query("seconds_roll_up"), {"quarter": quarter})
        if quarters:
            logger.info("seconds rolled up", extra=fields(quarters=len(quarters)))
