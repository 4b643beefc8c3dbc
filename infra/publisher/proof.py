"""Send N, prove N: waits until the reports show what was accepted."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from infra.publisher.comparison import Proof
from infra.publisher.reports import ReportError, Reports, Snapshot

_POLL: Final = 0.2
_BASELINE_WAIT: Final = 10.0
_SETTLE: Final = 5.0
_NO_WATERMARK: Final = "the reports agree, but their asOf is not past the last answer yet"

Compare = Callable[[Snapshot], Proof]


def complete(snapshot: Snapshot, since: datetime) -> bool:
    """Whether the snapshot says that it holds all that was accepted before `since`."""
    return snapshot.as_of is not None and snapshot.as_of >= since


async def baseline(reports: Reports, wait: float = _BASELINE_WAIT) -> Snapshot:
    """Return the reports before sending, once what others sent earlier has settled in them.

    Waits at most `wait` seconds for that. Raises ReportError when the reports do not answer.
    """
    since, deadline = datetime.now(UTC), time.monotonic() + wait
    while True:
        snapshot = await reports.snapshot()
        if complete(snapshot, since) or time.monotonic() >= deadline:
            return snapshot
        await asyncio.sleep(_POLL)


async def prove(
    reports: Reports, compare: Compare, since: datetime, wait: float, poll: float = _POLL
) -> Proof:
    """Return the proof as soon as its figures agree, or as it is after `wait` seconds.

    `since` is when the last answer came: a snapshot that is not complete up to then may still
    grow. Raises ReportError when the reports do not answer by then.
    """
    deadline = time.monotonic() + wait
    agreed_at: float | None = None
    while True:
        late = time.monotonic() >= deadline
        try:
            snapshot = await reports.snapshot()
        except ReportError:
            if late:
                raise
            await asyncio.sleep(poll)
            continue
        proof = compare(snapshot)
        done = complete(snapshot, since)
        if (proof.agrees and done) or proof.overcounted or (late and not proof.agrees):
            return proof
        agreed_at = (agreed_at or time.monotonic()) if proof.agrees else None
        if agreed_at and (late or time.monotonic() - agreed_at >= _SETTLE):
            return replace(proof, notes=[*proof.notes, _NO_WATERMARK])
        await asyncio.sleep(poll)
