"""The report `funnel` once more, from single events in plain Python."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from integration.reports.naive import TYPES, Event, Wanted, decimals, grouped, revenue_of, rounded


def funnel(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    chosen = [event for event in stored if wanted.has(event)]
    by = wanted.group_by or ("source",)
    return {"exact": True, **grouped(chosen, by, wanted, _funnel, len)}


def _funnel(members: Sequence[Event]) -> dict[str, Any]:
    stages = {
        stage: [event for event in members if event.kind[1] == stage] for stage in ("top", "bottom")
    }
    both = users(stages["top"]) & users(stages["bottom"])
    everyone = users(members)
    total = revenue_of(members)
    return {
        "users": len(everyone),
        "events": len(members),
        "stages": {stage: _step(found) for stage, found in stages.items()},
        "types": [
            {
                "source": source,
                "funnelStage": stage,
                "eventType": name,
                **_step([event for event in members if event.type_id == type_id]),
            }
            for type_id, (source, stage, name) in TYPES.items()
            if any(event.type_id == type_id for event in members)
        ],
        "conversion": {
            "users": len(both),
            "rate": float(rounded(Fraction(len(both), len(users(stages["top"]))), 6))
            if users(stages["top"])
            else None,
        },
        "revenue": decimals(total),
        "transactionCount": sum(event.revenue is not None for event in members),
        "revenuePerUser": f"{rounded(total / len(everyone), 2):.2f}" if everyone else None,
    }


def _step(members: Sequence[Event]) -> dict[str, int]:
    return {"events": len(members), "users": len(users(members))}


def users(members: Iterable[Event]) -> set[tuple[str, str]]:
    """Return the distinct users; erased persons are none."""
    return {(event.kind[0], event.user_id) for event in members if event.user_id}
