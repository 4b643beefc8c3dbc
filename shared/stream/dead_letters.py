"""Dead letters: events that will never be stored, one message each, with the reason.

Stream DEADLETTER, subjects `deadletter.<source>`. A letter is written and acknowledged before
its original is, and its message id makes a repetition harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from nats.js import api

from shared.settings import Settings
from shared.stream.packing import MESSAGE_ID, checksum

STREAM = "DEADLETTER"
SUBJECT_PREFIX = "deadletter"

CODE = "Hookstream-Code"
DETAIL = "Hookstream-Detail"
STAGE = "Hookstream-Stage"
ORIGIN = "Hookstream-Origin"
ATTEMPTS = "Hookstream-Attempts"
FIRST_AT = "Hookstream-First-At"
LAST_AT = "Hookstream-Last-At"
CORRELATION_ID = "Hookstream-Correlation-Id"

MOST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event and why it is here.

    `stage` is ingest or consume; `origin` names the message it came in, e.g. `EVENTS:42`, or the
    request by its correlation id, and `index` its place there; `attempts` counts deliveries.
    """

    source: str
    raw: bytes
    code: str
    detail: str
    stage: str
    origin: str
    index: int
    attempts: int
    first_at: datetime
    correlation_id: str

    def headers(self) -> dict[str, str]:
        """Return the message's headers; what the sender wrote is escaped to one line of ASCII.

        The message id holds the content too: callers may use a correlation id more than once.
        """
        origin = f"{self.origin}:{self.index}"
        return {
            MESSAGE_ID: f"{origin}:{checksum(self.raw)}",
            CODE: self.code,
            DETAIL: self.detail.encode("unicode_escape").decode()[:MOST_DETAIL],
            STAGE: self.stage,
            ORIGIN: origin,
            ATTEMPTS: str(self.attempts),
            FIRST_AT: self.first_at.astimezone(UTC).isoformat(),
            LAST_AT: datetime.now(UTC).isoformat(),
            CORRELATION_ID: self.correlation_id,
        }


def dead_letter_stream(chosen: Settings) -> api.StreamConfig:
    """Return DEADLETTER: on file, refusing when full like EVENTS."""
    return api.StreamConfig(
        name=STREAM,
        description="Events that could not be stored, one per message",
        subjects=[f"{SUBJECT_PREFIX}.>"],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        discard=api.DiscardPolicy.NEW,
        max_bytes=chosen.dead_letter_max_bytes,
        max_age=0,
        num_replicas=chosen.stream_replicas,
        allow_direct=True,
    )


class Sender(Protocol):
    """What stores single messages durably."""

    async def send(self, to: str, payload: bytes, headers: Mapping[str, str]) -> object:
        """Return when a subject's message is stored. Raises Problem."""


async def bury(publisher: Sender, letter: DeadLetter) -> None:
    """Write a dead letter; returns when it is on disk. Raises Problem if it could not be."""
    await publisher.send(f"{SUBJECT_PREFIX}.{letter.source}", letter.raw, letter.headers())
