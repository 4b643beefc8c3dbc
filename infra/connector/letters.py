"""Makes the dead letters of a message's rejected events."""

from collections.abc import Iterable, Iterator

from infra.connector.mending import raw_events
from infra.connector.pulling import HeldMessage
from shared.batch import RejectedEvent
from shared.stream.dead_letters import DeadLetter
from shared.stream.packing import CORRELATION_IDS, correlation_id_at


def letters(message: HeldMessage, rejected: Iterable[RejectedEvent]) -> Iterator[DeadLetter]:
    """Yield one letter for each rejection. Raises IndexError for an event that is not there."""
    stored = message.stored
    events = raw_events(stored.payload)
    correlation_ids = stored.headers.get(CORRELATION_IDS, "")
    for rejection in rejected:
        yield DeadLetter(
            source=stored.source,
            raw=bytes(events[rejection.index]),
            code=rejection.code,
            detail=rejection.detail,
            stage="consume",
            origin=stored.id,
            index=rejection.index,
            attempts=message.deliveries,
            first_at=stored.published_at,
            correlation_id=correlation_id_at(correlation_ids, rejection.index),
        )
