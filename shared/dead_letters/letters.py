"""A dead letter as it lies in the stream, and how it is shown."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from shared.events.decoding import identity_of
from shared.stream import dead_letters as header


class Summary(msgspec.Struct, frozen=True):
    """One line of a list. `storedAt` is when the letter was written; `size` is in bytes.

    `firstAt` is when the event was first received, `lastAt` when it was given up; `origin` is
    `<stream>:<sequence>:<index>` or `<correlation id>:<index>`.
    """

    sequence: int
    storedAt: datetime
    source: str
    stage: str
    code: str
    detail: str
    eventId: str | None
    attempts: int
    firstAt: str
    lastAt: str
    origin: str
    correlationId: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; `raw` is the event as it came, which may be no JSON and no UTF-8."""

    sequence: int
    stored_at: datetime
    source: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def code(self) -> str:
        """Return the reason, a code of shared.errors."""
        return self.headers.get(header.CODE, "")

    @property
    def stage(self) -> str:
        """Return where the event was refused: ingest or consume."""
        return self.headers.get(header.STAGE, "")

    @property
    def correlation_id(self) -> str:
        """Return the correlation id of the request that the event came with."""
        return self.headers.get(header.CORRELATION_ID, "")

    def summary(self) -> Summary:
        """Return the letter without its event."""
        attempts = self.headers.get(header.ATTEMPTS, "")
        return Summary(
            sequence=self.sequence,
            storedAt=self.stored_at,
            source=self.source,
            stage=self.stage,
            code=self.code,
            detail=self.headers.get(header.DETAIL, ""),
            eventId=identity_of(self.raw)[0],
            attempts=int(attempts) if attempts.isdecimal() else 0,
            firstAt=self.headers.get(header.FIRST_AT, ""),
            lastAt=self.headers.get(header.LAST_AT, ""),
            origin=self.headers.get(header.ORIGIN, ""),
            correlationId=self.correlation_id,
            size=len(self.raw),
        )

    def document(self) -> dict[str, object]:
        """Return the letter with its event as text and all headers.

        Bytes that are not UTF-8 are escaped in the text; then `eventBase64` holds the event
        exactly.
        """
        shown: dict[str, object] = {
            **msgspec.structs.asdict(self.summary()),
            "headers": dict(self.headers),
            "event": self.raw.decode("utf-8", "backslashreplace"),
        }
        try:
            self.raw.decode()
        except UnicodeDecodeError:
            shown["eventBase64"] = base64.b64encode(self.raw).decode()
        return shown
