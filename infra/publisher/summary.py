"""A run's end as plain data, for `--json`."""

from decimal import Decimal
from typing import Any

from infra.publisher.comparison import Figure
from infra.publisher.kinds import KINDS
from infra.publisher.run import Outcome


def _count(figure: Figure) -> dict[str, int]:
    return {
        "sent": int(figure.sent),
        "accepted": int(figure.accepted),
        "reported": int(figure.reported),
        "difference": int(figure.difference),
    }


def _money(figure: Figure) -> dict[str, str]:
    return {
        "sent": f"{figure.sent:.2f}",
        "accepted": f"{figure.accepted:.2f}",
        "reported": f"{figure.reported}",
        "difference": f"{figure.difference}",
    }


def _groups(outcome: Outcome) -> list[dict[str, Any]]:
    if outcome.proof is None:
        return []
    return [
        {
            "source": kind.source,
            "funnelStage": kind.stage,
            "eventType": kind.type,
            **_count(outcome.proof.events[code]),
            **({"revenue": _money(outcome.proof.revenue[code])} if kind.revenue else {}),
        }
        for code, kind in enumerate(KINDS)
    ]


def total(figures: dict[int, Figure]) -> Figure:
    """Return the sum of figures."""
    values = figures.values()
    return Figure(
        sum((figure.sent for figure in values), Decimal(0)),
        sum((figure.accepted for figure in values), Decimal(0)),
        sum((figure.reported for figure in values), Decimal(0)),
        sum((figure.unknown for figure in values), Decimal(0)),
    )


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return the run's figures.

    `sent` and `accepted` count events as often as they were sent, `unique` each valid event once.
    `proved` is null when no proof was made. Money is in decimal strings.
    """
    progress, ledger, proof = outcome.progress, outcome.ledger, outcome.proof
    return {
        "ok": outcome.ok,
        "proved": proof.proved if proof else None,
        "interrupted": outcome.interrupted,
        "sent": progress.events,
        "accepted": progress.accepted,
        "refused": progress.refused,
        "duplicates": ledger.duplicates,
        "corrupt": {"sent": ledger.corrupt_sent, "refused": ledger.corrupt_refused},
        "unique": {
            "sent": ledger.sent.total,
            "accepted": ledger.accepted.total,
            "unknown": ledger.unknown.total,
            "reported": int(total(proof.events).reported) if proof else None,
        },
        "revenue": _money(total(proof.revenue)) if proof else None,
        "requests": progress.requests,
        "failedRequests": progress.failed_requests,
        "retries": progress.retries,
        "bytes": progress.bytes,
        "seconds": round(progress.seconds, 3),
        "eventsPerSecond": round(progress.ended / progress.seconds) if progress.seconds else 0,
        "groups": _groups(outcome),
        "objections": outcome.objections,
        "problems": progress.problems,
        "notes": proof.notes if proof else [],
    }
