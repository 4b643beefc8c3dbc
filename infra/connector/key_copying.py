"""Keeps the keys in the broker like those in the database, for functions without a database."""

import asyncio
import logging

from nats.errors import Error as NatsError

from shared.access.broker import store_keys, stored_keys
from shared.access.database import live_keys
from shared.errors import Problem
from shared.store.pool import Database
from shared.stream.connection import Broker
from shared.telemetry import fields

INTERVAL = 1.0

logger = logging.getLogger(__name__)


class KeyCopier:
    """Compares both every second and copies what differs.

    It compares with what the broker has, not with what it copied last: whatever another
    connector, or one that was killed, left there is put right.
    """

    def __init__(self, broker: Broker, database: Database) -> None:
        self._broker = broker
        self._database = database

    async def run(self) -> None:
        """Copy without end."""
        while True:
            try:
                await self.copy()
            except (Problem, NatsError) as error:
                logger.info("keys are not copied", extra=fields(error=type(error).__name__))
            await asyncio.sleep(INTERVAL)

    async def copy(self) -> None:
        """Copy the keys if they differ. Raises Problem or nats.errors.Error."""
        await self._broker.available(patience=None)
        keys = await self._database.glance(live_keys)
        js = self._broker.jetstream
        if await stored_keys(js) != keys:
            await store_keys(js, keys)
