"""Counts and revenue from rollups as far as these go."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from shared.errors import Problem
from shared.events.model import EventType
from shared.reports.answers import Range
from shared.reports.intervals import interval_starts, require_points
from shared.reports.questions import Key, Page, Question, Tallies, Tally
from shared.reports.selection import Selection
from shared.reports.tallies import collect
from shared.reports.windows import (
    DAY,
    EPOCH,
    QUARTER,
    Days,
    Piece,
    Span,
    Split,
    by_days,
    by_rows,
    split,
    without_seconds,
)
from shared.store.pool import Connection
from shared.store.queries import query

_DIMENSIONS: Mapping[str, Callable[[EventType], str]] = {
    "source": lambda kind: kind.source,
    "funnelStage": lambda kind: kind.funnel_stage,
    "eventType": lambda kind: kind.name,
}
_WHOLE_BUCKETS = ", or take whole seconds, without campaignId and country"
_WHOLE_QUARTERS = ", or take whole quarters of an hour, without campaignId and country"


class TallyReader(Protocol):
    """What answers questions from single events' facts."""

    async def tallies(self, connection: Connection, question: Question, page: Page) -> Tallies:
        """Answer a question from what the connection's snapshot shows. Raises Problem."""


async def tally(
    connection: Connection, facts: TallyReader, question: Question, page: Page
) -> Tallies:
    """Answer a question from rollups if these can, else from single events' facts.

    Raises Problem rows_expired, and as the reader of facts does.
    """
    if is_rolled_up(question):
        return await read_tallies(connection, question, page)
    return await facts.tallies(connection, question, page)


def is_rolled_up(question: Question) -> bool:
    """Say whether rollups have all that a question asks for."""
    filtered = question.countries is not None or question.campaigns is not None
    return not filtered and all(name in _DIMENSIONS for name in question.group_by)


async def read_tallies(connection: Connection, question: Question, page: Page) -> Tallies:
    """Answer a question that is_rolled_up(). Raises Problem rows_expired or invalid_parameter."""
    kinds = {kind.id: kind for kind in question.types}
    parts = await _split(connection, question.span, kinds)
    values: dict[str, object] = {
        "types": list(kinds),
        **_whole(parts.whole, question.starts),
        **_signed(parts.head.seconds, "head_seconds_"),
        **_signed(parts.tail.seconds, "tail_seconds_"),
        **_signed(parts.head.rows, "head_rows_"),
        **_signed(parts.tail.rows, "tail_rows_"),
    }
    name = "report_totals"
    if question.starts:
        name, values["starts"] = "report_series", list(question.starts)
    cursor = await connection.execute(query(name), values, prepare=False)
    keys = {kind.id: _key(kind, question.group_by) for kind in question.types}
    rows = await cursor.fetchall()
    tallies = collect(question, page, [Tally(keys[row[0]], *row[1:]) for row in rows])
    require_points(len(tallies.groups), len(question.starts))
    return tallies


def _key(kind: EventType, group_by: Sequence[str]) -> Key:
    return tuple(_DIMENSIONS[name](kind) for name in group_by)


async def read_starts(
    connection: Connection, selection: Selection, types: Iterable[EventType]
) -> tuple[datetime, ...]:
    """Return the beginnings of a selection's intervals, none without `interval`.

    A range without limits is that of what is stored. Raises Problem invalid_parameter.
    """
    if selection.interval is None:
        return ()
    start, end = selection.start, selection.end
    if start is None or end is None:
        values = {"types": [kind.id for kind in types]}
        cursor = await connection.execute(query("report_buckets"), values, prepare=False)
        [(first, last)] = await cursor.fetchall()
        if first is None:
            return ()
        start, end = start or first, end or last + QUARTER
    return interval_starts(Span(start, end), selection.interval, selection.zone)


async def _split(connection: Connection, span: Span, types: Collection[int]) -> Split:
    """Say what is read from where. Raises Problem rows_expired."""
    parts, advice = split(span), _WHOLE_BUCKETS
    behind, complete_from = await _read_edges(connection, types, parts)
    if behind:
        parts, advice = without_seconds(parts, span), _WHOLE_QUARTERS
        _, complete_from = await _read_edges(connection, types, parts)
    if complete_from is not None:
        raise _expired(complete_from, advice)
    return parts


async def require_rows(connection: Connection, types: Iterable[int], span: Span) -> None:
    """Raise Problem rows_expired, with what else to do, if a span had rows that are gone."""
    _, complete_from = await _read_edges(connection, types, by_rows(span))
    if complete_from is not None:
        raise _expired(complete_from)


async def _read_edges(
    connection: Connection, types: Iterable[int], parts: Split
) -> tuple[bool, datetime | None]:
    """Say whether seconds that are to be read do not have all events.

    And from when on all rows are there, if rows that are to be read are not.
    """
    head, tail = (edge.rows.span if edge.rows else None for edge in (parts.head, parts.tail))
    if not (parts.quarters or head or tail):
        return False, None
    values = {
        "types": list(types),
        "quarters": parts.quarters,
        **bounds(head, "head_"),
        **bounds(tail, "tail_"),
    }
    cursor = await connection.execute(query("report_edges"), values, prepare=False)
    [(behind, complete_from)] = await cursor.fetchall()
    return behind, complete_from


def _expired(complete_from: datetime, advice: str = "") -> Problem:
    moment = complete_from.astimezone(UTC).isoformat().replace("+00:00", "Z")
    detail = f"Single events are kept from {moment} on: begin there{advice}."
    return Problem("rows_expired", detail, completeFrom=moment)


def range_of(selection: Selection) -> Range:
    """Return the range that the answer repeats."""
    return Range(start=selection.start, end=selection.end)


def _whole(span: Span | None, starts: Sequence[datetime]) -> dict[str, datetime | str]:
    """Return the parameters of whole quarters: as days, unless an interval begins within a day."""
    # Where the range has no beginning, its first interval has one: the day it is in may be older.
    within = starts if span is None or span.start is None else starts[1:]
    if span is None or any((start - EPOCH) % DAY for start in within):
        return day_bounds(Days(before=span, days=None, after=None))
    return day_bounds(by_days(span))


def _signed(piece: Piece | None, prefix: str) -> dict[str, datetime | str | int]:
    if piece is None:
        return {**bounds(None, prefix), f"{prefix}sign": 0}
    return {**bounds(piece.span, prefix), f"{prefix}sign": piece.sign}


def bounds(span: Span | None, prefix: str = "") -> dict[str, datetime | str]:
    """Return the values of a span's two query parameters; None is an empty span."""
    if span is None:
        return {f"{prefix}start": "infinity", f"{prefix}end": "infinity"}
    return {
        f"{prefix}start": span.start or "-infinity",
        f"{prefix}end": span.end or "infinity",
    }


def day_bounds(parts: Days) -> dict[str, datetime | str]:
    """Return the values of the query parameters of days and what is before and after these."""
    return {
        **bounds(parts.before, "before_"),
        **bounds(parts.days, "days_"),
        **bounds(parts.after, "after_"),
    }
