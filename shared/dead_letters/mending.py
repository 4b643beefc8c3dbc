"""Takes out of a message what makes a whole batch unreadable, and leaves the rest deliverable."""

from shared.batch import RejectedEvent, StoredMessage
from shared.dead_letters.rejections import raw_events
from shared.events.decoding import InvalidEventError, decode_event, latest_timestamp
from shared.stream.packing import join

_PLACEHOLDER = b"null"
_UNREADABLE = {"malformed_json", "invalid_unicode", "too_deep"}


def mend(message: StoredMessage) -> tuple[StoredMessage, list[RejectedEvent]]:
    """Return the message with a placeholder for each unreadable event, and their rejections.

    The places of the others stay what they are.
    """
    events = raw_events(message.payload)
    rejected: list[RejectedEvent] = []
    for index, raw in enumerate(events):
        try:
            decode_event(raw, latest_timestamp())
        except InvalidEventError as error:
            if error.code in _UNREADABLE:
                rejected.append(RejectedEvent(message.id, index, error.code, error.detail))
                events[index] = _PLACEHOLDER
    return message.with_payload(join(map(bytes, events))), rejected
