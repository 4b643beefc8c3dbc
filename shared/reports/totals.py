"""Counts and revenue by type, from rollups as far as they go, and how fresh they are."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from shared.errors import Problem
from shared.events.model import EventType
from shared.reports.answers import Range
from shared.reports.selection import Selection, Values
from shared.reports.windows import Piece, Span, Split, by_rows, split, without_seconds
from shared.store.pool import Connection
from shared.store.queries import query

_WHOLE_BUCKETS = ", or take whole seconds, without campaignId and country"
_WHOLE_QUARTERS = ", or take whole quarters of an hour, without campaignId and country"


class Total(NamedTuple):
    """What the store holds of one type; `transactions` are its events that carry an amount."""

    kind: EventType
    events: int
    transactions: int
    revenue: Decimal


class Freshness(NamedTuple):
    """Up to when an answer is complete (None: unknown), and how many seconds ago that was."""

    as_of: datetime | None
    seconds: float | None


async def read_totals(
    connection: Connection, selection: Selection, types: Iterable[EventType]
) -> list[Total]:
    """Return the totals of those of the types that have events, by source, stage and name.

    Raises Problem rows_expired.
    """
    kinds = {kind.id: kind for kind in types}
    parts = await _split(connection, selection, kinds)
    values = {
        "types": list(kinds),
        "campaigns": _listed(selection.campaign_id),
        "countries": _listed(selection.country),
        **bounds(parts.whole, "whole_"),
        **_signed(parts.head.seconds, "head_seconds_"),
        **_signed(parts.tail.seconds, "tail_seconds_"),
        **_signed(parts.head.rows, "head_rows_"),
        **_signed(parts.tail.rows, "tail_rows_"),
    }
    cursor = await connection.execute(query("report_totals"), values, prepare=False)
    totals = [Total(kinds[type_id], *rest) for type_id, *rest in await cursor.fetchall()]
    return sorted(
        (total for total in totals if total.events),
        key=lambda total: (total.kind.source, total.kind.funnel_stage, total.kind.name),
    )


async def _split(
    connection: Connection, selection: Selection, kinds: Mapping[int, EventType]
) -> Split:
    """Say what is read from where. Raises Problem rows_expired."""
    advice = _WHOLE_BUCKETS
    if selection.campaign_id is not None or selection.country is not None:
        parts = by_rows(selection.span)
    else:
        parts = split(selection.span)
        if await _is_behind(connection, parts, kinds):
            parts = without_seconds(parts, selection.span)
            advice = _WHOLE_QUARTERS
    head, tail = (edge.rows.span if edge.rows else None for edge in (parts.head, parts.tail))
    await require_rows(connection, kinds, head, tail, advice=advice)
    return parts


async def _is_behind(connection: Connection, parts: Split, types: Iterable[int]) -> bool:
    """Say whether seconds that are to be read do not have all events."""
    if not parts.quarters:
        return False
    values = {"types": list(types), "quarters": parts.quarters}
    cursor = await connection.execute(query("report_behind"), values, prepare=False)
    return bool(await cursor.fetchall())


async def require_rows(
    connection: Connection,
    types: Iterable[int],
    head: Span | None,
    tail: Span | None = None,
    *,
    advice: str = "",
) -> None:
    """Raise Problem rows_expired, with what else to do, if the spans had rows that are gone."""
    if head is None and tail is None:
        return
    values = {"types": list(types), **bounds(head, "head_"), **bounds(tail, "tail_")}
    cursor = await connection.execute(query("report_expired"), values, prepare=False)
    for (moment,) in await cursor.fetchall():
        complete_from = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        raise Problem(
            "rows_expired",
            f"Single events are kept from {complete_from} on: begin there{advice}.",
            completeFrom=complete_from,
        )


async def read_freshness(connection: Connection, selection: Selection) -> Freshness:
    """Return how fresh the answer to a selection is."""
    values = {"sources": selection.sources}
    cursor = await connection.execute(query("report_watermark"), values, prepare=False)
    [(as_of, age)] = await cursor.fetchall()
    return Freshness(as_of, None if age is None else round(float(age), 3))


def range_of(selection: Selection) -> Range:
    """Return the range that the answer repeats."""
    return Range(start=selection.start, end=selection.end)


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


def _listed(values: Values) -> list[str] | None:
    return None if values is None else list(values)
