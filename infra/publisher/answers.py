"""What webhook-ingest answers, as far as the publisher reads it."""

from dataclasses import dataclass
from typing import Final

import msgspec

_TEXT: Final = 300


class Rejection(msgspec.Struct, frozen=True):
    """One refused event: its index in the request and the reason."""

    index: int
    code: str = ""
    path: str = ""
    detail: str = ""


class IngestAnswer(msgspec.Struct, frozen=True):
    """The answer for each event of a request; `results` holds only the rejected."""

    accepted: int
    rejected: int
    results: tuple[Rejection, ...] = ()

    def refused(self, size: int) -> dict[int, str]:
        """Return the code of each refused event by index.

        Raises ValueError when the counts do not add up to the request's `size`.
        """
        refused = {rejection.index: rejection.code for rejection in self.results}
        if self.accepted + self.rejected != size or len(refused) != self.rejected:
            counts = f"{self.accepted} accepted, {self.rejected} rejected, {len(refused)} named"
            raise ValueError(f"the answer's counts do not add up to {size}: {counts}")
        return refused


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; `retry_after` is in seconds."""

    status: int
    content: bytes
    retry_after: float | None = None

    def parsed(self) -> IngestAnswer:
        """Return the answer for each event. Raises msgspec.MsgspecError when it is none."""
        return msgspec.json.decode(self.content, type=IngestAnswer)

    def reason(self) -> str:
        """Return the status with what a problem document (RFC 9457) says, for people."""
        try:
            problem = msgspec.json.decode(self.content, type=_Problem)
        except msgspec.MsgspecError:
            text = self.content[:_TEXT].decode(errors="replace")
        else:
            text = f"{problem.code} {problem.detail}"
        return f"HTTP {self.status} {text}".strip()
