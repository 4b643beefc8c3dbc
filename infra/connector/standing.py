"""Says in the database where each source's events stand, for people who look at the pipeline.

Dead letters are counted by the broker: one answer holds the number for each subject
(https://docs.nats.io/reference/reference-protocols/nats_api_reference, STREAM.INFO).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infra.connector.metrics import STORED_DEAD_LETTERS
from shared.dead_letters.selection import LETTER_SOURCES
from shared.store.pool import Database
from shared.store.queries import query
from shared.stream.connection import Broker
from shared.stream.dead_letters import STREAM, SUBJECT_PREFIX


@dataclass(frozen=True, slots=True)
class Standing:
    """What a source has in the stream that is not processed; `oldest_at` is when it came."""

    source: str
    pending_messages: int
    oldest_at: datetime | None


async def write_standings(broker: Broker, database: Database, seen: Sequence[Standing]) -> None:
    """Write what was seen, with the sources' dead letters. Raises Problem or nats.errors.Error.

    Sources that were not seen keep what was written last, and its age tells.
    """
    info = await broker.jetstream.stream_info(STREAM, subjects_filter=f"{SUBJECT_PREFIX}.>")
    letters = info.state.subjects or {}
    nowhere = [Standing(source, 0, None) for source in LETTER_SOURCES[-1:]]
    standings = [*seen, *nowhere]
    for source in LETTER_SOURCES:
        STORED_DEAD_LETTERS.labels(source).set(letters.get(f"{SUBJECT_PREFIX}.{source}", 0))
    values = {
        "source": [standing.source for standing in standings],
        "pending_messages": [standing.pending_messages for standing in standings],
        "oldest_pending_at": [standing.oldest_at for standing in standings],
        "dead_letters": [letters.get(f"{SUBJECT_PREFIX}.{s.source}", 0) for s in standings],
    }
    async with database.transaction() as connection:
        await connection.execute(query("write_pipeline"), values)
