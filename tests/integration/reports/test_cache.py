"""Unchanged data are not computed anew; how fresh they are is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
from integration.reports.naive import Event
from integration.reports.storing import make_room, store

from shared.reports.answers import Answer
from shared.reports.funnel import FUNNEL
from shared.reports.handler import ReportHandler
from shared.reports.report import Store
from shared.reports.selection import Selection
from shared.requests import Request
from shared.settings import Settings

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def sale(number: int) -> Event:
    return Event(occurred_at=NOON, type_id=7, event_id=f"e{number}", user_id=f"u{number}")


def test_an_answer_is_made_once_for_the_same_data(
    tables: psycopg.Connection, report_url: str
) -> None:
    built = []

    async def build(source: Store, selection: Selection) -> Answer:
        built.append(selection)
        return await FUNNEL.build(source, selection)

    handler = ReportHandler(replace(FUNNEL, build=build), Settings(database_url=report_url))

    async def ask(query: str = "") -> dict[str, Any]:
        response = await handler.handle(Request("GET", "/", query, {}, _nothing, "test"))
        answer: dict[str, Any] = msgspec.json.decode(response.body)
        return answer

    async def run() -> None:
        await handler.open()
        first = await ask()
        tables.execute("insert into watermarks values ('facebook', now(), now())")
        tables.execute("insert into watermarks values ('tiktok', now(), now())")
        again = await ask()
        assert first["asOf"] is None
        assert again["asOf"] is not None
        assert again["freshnessSeconds"] is not None
        assert again["groups"] == first["groups"]
        assert len(built) == 1
        await ask("country=Ukraine")
        assert len(built) == 2
        with tables.transaction():
            store(tables, [sale(2)])
        assert (await ask())["groups"][0]["events"] == 2
        assert len(built) == 3
        await handler.close()

    make_room(tables, [sale(1)])
    with tables.transaction():
        store(tables, [sale(1)])
    asyncio.run(run())
