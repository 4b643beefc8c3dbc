"""What webhook-ingest answers."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from functions.webhook_ingest.intake import Rejection
from functions.webhook_ingest.quarantine import Missed


class IngestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request's events; `results` names those that were rejected.

    `quarantined` counts the rejected ones that are kept as dead letters, `notQuarantined` the
    others; both are there when there are any rejected.
    """

    accepted: int
    rejected: int
    results: Sequence[Rejection]
    quarantined: int | UnsetType = UNSET
    notQuarantined: tuple[Missed, ...] | UnsetType = UNSET
    correlationId: str
