"""Takes damaged messages out of the way: those whose content does not match their checksum.

Nothing in such content can be trusted, so that the message is one dead letter, whole. The ledger
has all of its events as rejected: that fact stays when somebody drops the letter.
"""

from collections.abc import Sequence
from datetime import datetime

from infra.connector.pulling import HeldMessage
from shared.batch import StoredMessage
from shared.metrics import Counter
from shared.store.pool import Database
from shared.store.queries import query
from shared.stream.dead_letters import DeadLetter, bury
from shared.stream.encoding import EncodingError
from shared.stream.packing import (
    CHECKSUM,
    CORRELATION_IDS,
    RECEIVED_AT,
    checksum,
    trace_contexts,
)
from shared.stream.publishing import Publisher

CHECKSUM_MISMATCH = "checksum_mismatch"

DAMAGED = Counter(
    "hookstream_connector_damaged_messages_total",
    "Messages whose payload does not match their checksum.",
    ("source",),
)


def is_damaged(message: StoredMessage) -> bool:
    """Say whether content differs from what was packed, or cannot be decoded.

    A message without a checksum only has to be decoded.
    """
    expected = message.headers.get(CHECKSUM)
    if expected is not None and checksum(message.content) != expected:
        return True
    try:
        return not message.payload
    except EncodingError:
        return True


class Inspection:
    """Checks messages before they are delivered."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def sound(self, batch: Sequence[HeldMessage]) -> list[HeldMessage]:
        """Return the sound messages; record, bury and acknowledge the others, in that order.

        Raises Problem if the database or the broker is away.
        """
        damaged = [message for message in batch if is_damaged(message.stored)]
        for message in damaged:
            await self.record_rejected(message.stored)
            await bury(self._publisher, _letter(message))
            DAMAGED.labels(message.stored.source).inc()
            await message.ack()
        return [message for message in batch if message not in damaged]

    async def record_rejected(self, message: StoredMessage) -> None:
        """Tell the ledger that a message is buried whole, unless it knows the message already.

        Raises Problem if the database is away.
        """
        async with self._database.transaction() as connection:
            await connection.execute(query("store_messages"), _columns(message))


def _letter(message: HeldMessage) -> DeadLetter:
    stored = message.stored
    runs = stored.headers.get(CORRELATION_IDS, "")
    return DeadLetter(
        source=stored.source,
        raw=stored.content,
        code=CHECKSUM_MISMATCH,
        detail=f"A message of {stored.events} events does not match its checksum or encoding.",
        stage="consume",
        origin=stored.id,
        index=0,
        attempts=message.deliveries,
        first_at=stored.published_at,
        correlation_id=runs.partition(" ")[0].rpartition("*")[0],
    )


def _columns(message: StoredMessage) -> dict[str, list[object]]:
    received_at = message.headers.get(RECEIVED_AT)
    return {
        "stream_sequence": [message.sequence],
        "published_at": [message.published_at],
        "source": [message.source],
        "received_at": [
            datetime.fromisoformat(received_at) if received_at else message.published_at
        ],
        "correlation_ids": [message.headers.get(CORRELATION_IDS, "")],
        "events": [message.events],
        "stored": [0],
        "duplicates": [0],
        "rejected": [message.events],
        "trace_contexts": [trace_contexts(message.headers)],
    }
