"""Keeps EVENTS below its limit by removing processed messages, oldest first.

The stream itself never discards: a limit of age or size there would drop what is unprocessed.
"""

import asyncio
import logging

from nats.errors import Error as NatsError

from infra.connector.watermark import oldest_unprocessed
from shared.errors import Problem
from shared.events.model import SOURCES, Source
from shared.settings import Settings
from shared.stream.connection import Broker
from shared.stream.topology import EVENTS
from shared.telemetry import fields

INTERVAL = 10.0
_BELOW_THE_WATERMARK = 0.9

logger = logging.getLogger(__name__)


def bytes_to_keep(chosen: Settings) -> int:
    """Return how much is kept for replay: never so much that ingest would refuse for ever."""
    most = chosen.stream_max_bytes * chosen.stream_low_watermark * _BELOW_THE_WATERMARK
    return min(chosen.stream_keep_bytes, int(most))


class RetentionKeeper:
    """Keeps at most `keep_bytes` of processed messages for replay."""

    def __init__(self, broker: Broker, keep_bytes: int) -> None:
        self._broker = broker
        self._keep_bytes = keep_bytes

    async def run(self) -> None:
        """Remove until cancelled; a broker that is away is tried again."""
        while True:
            try:
                await self.remove_processed()
            except (Problem, NatsError) as error:
                logger.warning("retention not applied", extra=fields(error=str(error)))
            await asyncio.sleep(INTERVAL)

    async def remove_processed(self) -> None:
        """Remove the oldest messages that all consumers are past, down to the bytes to keep."""
        state = (await self._broker.jetstream.stream_info(EVENTS)).state
        excess = state.bytes - self._keep_bytes
        if excess <= 0 or not state.messages:
            return
        surplus = max(1, excess * state.messages // state.bytes)
        unprocessed = [await self._first_unprocessed(s, state.last_seq) for s in SOURCES]
        first_kept = min(state.first_seq + surplus, *unprocessed)
        if first_kept > state.first_seq:
            await self._broker.jetstream.purge_stream(EVENTS, seq=first_kept)
            removed = fields(messages=first_kept - state.first_seq)
            logger.info("removed processed messages", extra=removed)

    async def _first_unprocessed(self, source: Source, last_sequence: int) -> int:
        """Return the first sequence that a source still needs.

        `last_sequence` was read before: what came later is needed anyway.
        """
        oldest = await oldest_unprocessed(self._broker, source)
        if oldest is None or oldest.seq is None:
            return last_sequence + 1
        return min(oldest.seq, last_sequence + 1)
