"""Makes the dead letters of a held message's rejected events."""

from collections.abc import Iterable, Iterator

from infra.connector.pulling import HeldMessage
from shared.batch import RejectedEvent
from shared.dead_letters import rejections
from shared.stream.dead_letters import DeadLetter


def letters(message: HeldMessage, rejected: Iterable[RejectedEvent]) -> Iterator[DeadLetter]:
    """Yield one letter for each rejection. Raises IndexError for an event that is not there."""
    return rejections.letters(message.stored, rejected, message.deliveries)
