"""The intervals of a series: from when to when each lasts, in the calendar of a time zone.

Days, weeks and months begin with their first midnight, or where a clock change leaves that out,
with the change: days have 23 to 25 hours. Hours begin at whole hours of the zone's clocks, and
where these are set by half an hour. Every beginning is a whole quarter of an hour UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.errors import Problem
from shared.reports.selection import INTERVALS, Interval
from shared.reports.windows import QUARTER, Span

MOST_INTERVALS = 5_000
MOST_POINTS = 100_000
"""Most groups of a page times intervals."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NO_TIME = timedelta()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""No event is older."""


def interval_starts(span: Span, interval: Interval, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return when intervals begin (UTC) that cover a bounded span, the first at or before it.

    Raises Problem invalid_parameter if there are more than MOST_INTERVALS.
    """
    if span.start is None or span.end is None or span.start >= span.end:
        return ()
    first, end = max(span.start, _EPOCH), span.end
    begin = {"15m": _quarters, "1h": _hours}.get(interval)
    starts = begin(first, zone) if begin else _dates(first, interval, zone)
    found: list[datetime] = []
    for start in starts:
        if start >= end:
            break
        if len(found) == MOST_INTERVALS:
            raise _too_many("intervals", MOST_INTERVALS)
        found.append(start)
    return tuple(found)


def require_points(groups: int, intervals: int) -> None:
    """Raise Problem invalid_parameter if a series of so many groups would be too long."""
    if groups * intervals > MOST_POINTS:
        raise _too_many("groups times intervals", MOST_POINTS)


def _too_many(what: str, limit: int) -> Problem:
    return Problem(
        "invalid_parameter",
        f"`interval` makes more than {limit:,} {what}: take a longer one, a shorter range"
        " or a smaller `limit`.",
        parameter="interval",
        allowed=list(INTERVALS),
        limit=limit,
    )


def _quarters(first: datetime, _zone: ZoneInfo) -> Iterator[datetime]:
    start = first - (first - _EPOCH) % QUARTER
    while True:
        yield start
        start += QUARTER


def _hours(first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    start = first - (first - _EPOCH) % QUARTER
    while not _begins_hour(start, zone):
        start -= QUARTER
    while True:
        yield start
        following = start + _HOUR
        if _phase(start, zone) or _offset(following, zone) != _offset(start, zone):
            following = start + QUARTER
            while not _begins_hour(following, zone):
                following += QUARTER
        start = following


def _begins_hour(quarter: datetime, zone: ZoneInfo) -> bool:
    """Say whether clocks show a whole hour, or were just set to go by another minute."""
    if not _phase(quarter, zone):
        return True
    return bool((_offset(quarter, zone) - _offset(quarter - QUARTER, zone)) % _HOUR)


def _phase(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return what clocks show beyond the whole hour."""
    return (moment - _EPOCH + _offset(moment, zone)) % _HOUR


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _NO_TIME


def _dates(first: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the first moments of days, weeks or months, each only once."""
    day = first.astimezone(zone).date()
    if interval == "1w":
        day -= day.weekday() * _DAY
    elif interval == "1M":
        day = day.replace(day=1)
    latest: datetime | None = None
    while True:
        start = _midnight(day, zone)
        day = _following(day, interval)
        if latest is None or start > latest:
            yield start
        latest = start


def _following(day: date, interval: Interval) -> date:
    if interval == "1M":
        return (day + 31 * _DAY).replace(day=1)
    return day + (7 * _DAY if interval == "1w" else _DAY)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
