"""Puts groups, and points of a series, into the form that answers have."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from shared.reports.cursors import write_cursor
from shared.reports.questions import Page, Tallies, Tally
from shared.reports.selection import Selection

MEMBERS = {
    "source": "source",
    "funnelStage": "funnel_stage",
    "eventType": "event_type",
    "country": "country",
    "campaignId": "campaign_id",
    "device": "device",
    "purchasedItem": "purchased_item",
}
"""Dimensions and the fields of answers that show them."""

P = TypeVar("P")


def dimensions(selection: Selection, group: Tally) -> dict[str, str | None]:
    """Return the fields that say which group it is."""
    return {MEMBERS[name]: text for name, text in zip(selection.group_by, group.key, strict=True)}


def series_of(
    selection: Selection,
    starts: Sequence[datetime],
    tallies: Tallies,
    kind: Callable[..., P],
    members: Callable[[Selection, Tally], dict[str, Any]],
) -> list[P] | UnsetType:
    """Return the points of a series; without `interval` there is none."""
    if selection.interval is None:
        return UNSET
    local = [start.astimezone(selection.zone) for start in starts]
    return [
        kind(start=local[point.start or 0], **members(selection, point)) for point in tallies.series
    ]


def next_cursor(selection: Selection, page: Page, tallies: Tallies) -> str | None:
    """Return what asks for the groups after these, None at their end."""
    if not tallies.more:
        return None
    return write_cursor(selection, page, tallies.groups[-1])
