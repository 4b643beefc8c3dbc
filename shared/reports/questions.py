"""What a report asks of the store, whichever way it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.events.model import EventType
from shared.reports.windows import Span
from shared.segments.hashing import text_hash

Key = tuple[str | None, ...]
"""The values of a group's dimensions, in the order of `group_by`; None: the event has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which events count, and how they are grouped.

    `countries` and `campaigns` restrict unless they are None. `group_by` has the wire's names:
    source, funnelStage, eventType, country, campaignId, device, purchasedItem. `starts` are the
    beginnings of a series' intervals, ascending and beginning at or before the first event; each
    ends where the next begins, the last one with the span.
    """

    span: Span
    types: tuple[EventType, ...]
    countries: frozenset[str] | None = None
    campaigns: frozenset[str] | None = None
    group_by: tuple[str, ...] = ()
    starts: tuple[datetime, ...] = ()


class Tally(NamedTuple):
    """What is counted of a group, or of a group in one interval (`start`: its index in `starts`).

    `transactions` are the events that carry an amount.
    """

    key: Key
    events: int
    transactions: int
    revenue: Decimal
    start: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which groups are wanted: the `limit` first after `after`, by rank().

    Of a page by revenue, only events that carry an amount are counted at all.
    """

    by: Literal["events", "revenue"]
    limit: int
    after: Tally | None = None


class Tallies(NamedTuple):
    """The answer to a question: `groups` are those of the page, `series` is of these groups.

    `group_count` is of all groups, `more` says whether there are any after the page. Points of a
    series without events are left out; they come by interval, in the order of the groups.
    """

    total: Tally
    groups: list[Tally]
    group_count: int
    more: bool
    series: list[Tally]


NUMEROUS = frozenset({"campaignId", "purchasedItem"})
"""Dimensions that may have a value for every event."""


def rank(group_by: Sequence[str], page: Page, tally: Tally) -> tuple[object, ...]:
    """Return what groups are sorted by: the largest first, equal ones by their key, None first.

    Values of NUMEROUS dimensions, millions of which may be equal, stand in the order of their
    hashes.
    """
    value = tally.events if page.by == "events" else tally.revenue
    key = (
        (text is not None, text and text_hash(text) if name in NUMEROUS else text or "")
        for name, text in zip(group_by, tally.key, strict=True)
    )
    return (-value, *key)
