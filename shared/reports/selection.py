"""What a report request asks for, read and checked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from shared.events.model import EVENT_TYPES, SOURCES, EventType
from shared.reports.questions import Page, Question, Tally
from shared.reports.windows import Span

Values = frozenset[str] | None
"""Those of which an event has to have any; None is no restriction."""

Interval = Literal["15m", "1h", "1d", "1w", "1M"]
"""Length of a series' intervals; weeks begin on Monday (ISO 8601)."""

INTERVALS: tuple[Interval, ...] = ("15m", "1h", "1d", "1w", "1M")

Format = Literal["json", "csv", "ndjson", "parquet"]

UTC_ZONE = ZoneInfo("UTC")
PAGE_GROUPS = 1_000
"""Groups of a page unless the request says otherwise."""

MOST_GROUPS = 10_000
"""Most groups of a page."""


class Cursor(NamedTuple):
    """The last group of the page before, and the digest of the question that it answers."""

    digest: str
    after: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a report is about; None is no restriction. `start` is inclusive, `end` exclusive.

    `limit` is None where the request has none; `format` is None where it is up to `Accept`.
    """

    start: datetime | None = None
    end: datetime | None = None
    source: Values = None
    funnel_stage: Values = None
    event_type: Values = None
    campaign_id: Values = None
    country: Values = None
    group_by: tuple[str, ...] = ()
    interval: Interval | None = None
    zone: ZoneInfo = UTC_ZONE
    limit: int | None = None
    cursor: Cursor | None = None
    format: Format | None = None

    @property
    def span(self) -> Span:
        """Return the range of time."""
        return Span(self.start, self.end)

    @property
    def sources(self) -> list[str]:
        """Return the sources that the answer speaks of."""
        return [source for source in SOURCES if self.source is None or source in self.source]

    @property
    def types(self) -> list[EventType]:
        """Return the types that match; an event type's name matches in every source."""
        return [
            kind
            for kind in EVENT_TYPES
            if (self.source is None or kind.source in self.source)
            and (self.funnel_stage is None or kind.funnel_stage in self.funnel_stage)
            and (self.event_type is None or kind.name in self.event_type)
        ]

    def question(self, starts: tuple[datetime, ...] = (), *, earning: bool = False) -> Question:
        """Return what is asked of the store; `earning` is of the types with revenue alone."""
        return Question(
            span=self.span,
            types=tuple(kind for kind in self.types if kind.has_revenue or not earning),
            countries=self.country,
            campaigns=self.campaign_id,
            group_by=self.group_by,
            starts=starts,
        )

    def page(self, by: Literal["events", "revenue"]) -> Page:
        """Return which groups are asked for, largest first by that figure."""
        after = None if self.cursor is None else self.cursor.after
        return Page(by=by, limit=self.limit or PAGE_GROUPS, after=after)
