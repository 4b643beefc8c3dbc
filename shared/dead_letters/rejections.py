"""Makes the dead letters of a message's rejected events."""

from collections.abc import Iterable, Iterator

from shared.batch import RejectedEvent, StoredMessage
from shared.errors import Problem
from shared.events.splitting import RawEvent, split_array
from shared.stream.dead_letters import DeadLetter
from shared.stream.packing import CORRELATION_IDS, correlation_id_at


def raw_events(payload: bytes) -> list[RawEvent]:
    """Return a message's events; a payload that has no structure is one event."""
    try:
        return split_array(payload)
    except Problem:
        return [payload]


def letters(
    stored: StoredMessage, rejected: Iterable[RejectedEvent], attempts: int
) -> Iterator[DeadLetter]:
    """Yield one letter for each rejection. Raises IndexError for an event that is not there."""
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
            attempts=attempts,
            first_at=stored.published_at,
            correlation_id=correlation_id_at(correlation_ids, rejection.index),
        )
