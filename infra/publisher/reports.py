"""Reads the reports that the proof compares with."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from infra.publisher.client import Client
from infra.publisher.kinds import CODES, KINDS
from infra.publisher.sender import TransportError

_OK = 200
T = TypeVar("T")


class ReportError(Exception):
    """A report did not answer, or answered something that is not the report."""


class _EventGroup(msgspec.Struct, rename="camel"):
    source: str
    funnel_stage: str
    event_type: str
    count: int


class _Events(msgspec.Struct, rename="camel"):
    total_events: int
    groups: list[_EventGroup]
    as_of: datetime | None = None


class _RevenueGroup(msgspec.Struct, rename="camel"):
    source: str
    event_type: str
    total_revenue: str
    transaction_count: int


class _Revenue(msgspec.Struct, rename="camel"):
    total_revenue: str
    groups: list[_RevenueGroup]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the reports said: events, revenue and transactions for each code of KINDS.

    Every event accepted before `as_of` is in `events`.
    """

    events: tuple[int, ...]
    revenue: tuple[Decimal, ...]
    transactions: tuple[int, ...]
    as_of: datetime | None


class Reports:
    """The reports of a gateway."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def snapshot(self) -> Snapshot:
        """Return both reports over all time. Raises ReportError."""
        events = await self._get("/reports/events", _Events)
        revenue = await self._get("/reports/revenue", _Revenue)
        counts = [0] * len(KINDS)
        money = [Decimal(0)] * len(KINDS)
        transactions = [0] * len(KINDS)
        for group in events.groups:
            counts[_code(group.source, group.event_type, group.funnel_stage)] += group.count
        for row in revenue.groups:
            code = _code(row.source, row.event_type)
            money[code] += Decimal(row.total_revenue)
            transactions[code] += row.transaction_count
        if sum(counts) != events.total_events:
            raise ReportError(f"totalEvents {events.total_events} is not the sum of its groups")
        if sum(money) != Decimal(revenue.total_revenue):
            raise ReportError(f"totalRevenue {revenue.total_revenue} is not the sum of its groups")
        return Snapshot(tuple(counts), tuple(money), tuple(transactions), events.as_of)

    async def total_events(self) -> int:
        """Return how many events are in the report. Raises ReportError."""
        return (await self._get("/reports/events", _Events)).total_events

    async def _get(self, path: str, shape: type[T]) -> T:
        try:
            reply = await self._client.get(path)
        except TransportError as error:
            raise ReportError(f"{path}: {error}") from error
        if reply.status != _OK:
            raise ReportError(f"{path}: {reply.reason()}")
        try:
            return msgspec.json.decode(reply.content, type=shape)
        except msgspec.MsgspecError as error:
            raise ReportError(f"{path}: {error}") from error


def _code(source: str, event_type: str, stage: str | None = None) -> int:
    code = CODES.get((source, event_type))
    if code is None or stage not in {None, KINDS[code].stage}:
        raise ReportError(f"a report has a group of its own: {source} {stage} {event_type}")
    return code
