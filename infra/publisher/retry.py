"""Whether, and when, a request is sent again. Pure decisions; sender.py carries them out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Final

RETRYABLE: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Statuses after which the very same body may be sent again: the receiver counts an event once."""

FINAL: Final = frozenset((200, 422))
"""Statuses that carry an answer for each event."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays double from `base` to `most`, jittered; nothing is retried past `lasting` seconds."""

    lasting: float = 60.0
    base: float = 0.25
    most: float = 10.0

    def delay(
        self, rng: Random, attempt: int, elapsed: float, retry_after: float | None
    ) -> float | None:
        """Return the seconds to wait after the attempt (1, 2, …), or None to give up.

        `elapsed` is the time since the first attempt; `retry_after` is the receiver's wish, which
        is the least that is waited.
        """
        growth: float = min(self.most, self.base * 2 ** min(attempt - 1, 30))
        wait = growth * (0.5 + rng.random() / 2)
        if retry_after is not None:
            wait = retry_after + growth * rng.random() / 2
        return wait if elapsed + wait <= self.lasting else None


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110: seconds or a date)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
