"""What is in memory is what each snapshot shows, whatever becomes of segments meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from integration.reports.naive import Event
from integration.reports.storing import clear, make_room, store, store_segment
from psycopg import IsolationLevel

from shared.errors import Problem
from shared.events.model import EVENT_TYPES
from shared.reports.facts.facts import Facts
from shared.reports.questions import Page, Question
from shared.reports.windows import Span
from shared.settings import GIB
from shared.store.pool import Connection

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
EVER = Span(None, None)
ALL = Page(by="events", limit=1_000)
NOBODY: dict[str, Any] = {
    "event_id": "",
    "user_id": "",
    "country": None,
    "age": None,
    "campaign_id": None,
}


def event(number: int) -> Event:
    return Event(
        occurred_at=NOON + timedelta(seconds=number * 37 % 3600),
        type_id=5 + number * 11 % 3,
        event_id=f"e{number}",
        user_id=f"u{number % 7}",
        country=f"c{number % 5}",
        age=number % 90,
        campaign_id=f"camp-{number % 11}",
        revenue=Decimal(number),
    )


@dataclass
class Segments:
    """The events of a test, by segment."""

    tables: psycopg.Connection
    segments: dict[int, list[Event]]
    number: int = 0

    def store(self, size: int) -> None:
        """Store events of one transaction."""
        stored = [event(self.number + at) for at in range(size)]
        self.number += size
        with self.tables.transaction():
            store(self.tables, stored)
        self._remember(stored)

    def rewrite(self, *, erase: bool) -> None:
        """Make one segment of the two oldest; leave a person out."""
        old = sorted(self.segments)[:2]
        kept = [each for key in old for each in self.segments.pop(key)]
        if erase:
            kept = [replace(e, **NOBODY) if e.user_id == "u0" else e for e in kept]
        with self.tables.transaction():
            self.tables.execute("delete from segments where id = any(%s)", [old])
            if kept:
                store_segment(self.tables, "facebook", kept)
        if kept:
            self._remember(kept)

    def drop(self) -> None:
        """Forget the oldest segment, as retention does."""
        for key in sorted(self.segments)[:1]:
            del self.segments[key]
            self.tables.execute("delete from segments where id = %s", [key])

    def _remember(self, events: list[Event]) -> None:
        [(key,)] = self.tables.execute("select max(id) from segments").fetchall()
        self.segments[key] = events

    def by_country(self) -> Counter[str | None]:
        return Counter(each.country for events in self.segments.values() for each in events)

    def by_user(self) -> int:
        return len({e.user_id for events in self.segments.values() for e in events} - {""})


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Connection]:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        async with connection.transaction():
            await connection.execute("select from segments")
            yield connection


def question(*group_by: str, span: Span = EVER) -> Question:
    types = tuple(kind for kind in EVENT_TYPES if kind.source == "facebook")
    return Question(span=span, types=types, group_by=group_by)


async def ask(facts: Facts, connection: Connection) -> tuple[Counter[str | None], int]:
    tallies = await facts.tallies(connection, question("country"), ALL)
    funnels = await facts.funnels(connection, question(), ALL)
    found = Counter({tally.key[0]: tally.events for tally in tallies.groups})
    assert tallies.total.events == found.total()
    return found, sum(group.users for group in funnels.groups)


@contextmanager
def segments(tables: psycopg.Connection) -> Iterator[Segments]:
    clear(tables)
    make_room(tables, [event(0)])
    yield Segments(tables, {})


steps = st.lists(
    st.sampled_from(["store", "store", "many", "merge", "erase", "drop", "open", "ask", "ask"]),
    max_size=30,
)


@given(steps=steps, room=st.sampled_from([GIB, 400 * 64]))
@example(steps=["store", "ask", "open", "store", "ask", "merge", "ask"], room=GIB)
@example(steps=["store", "store", "open", "merge", "ask", "erase", "open", "drop"], room=GIB)
@settings(max_examples=60, deadline=None)
def test_each_snapshot_shows_its_own_segments(
    tables: psycopg.Connection, report_url: str, steps: list[str], room: int
) -> None:
    async def run(found: Segments) -> None:
        facts = Facts(room)
        async with AsyncExitStack() as stack:
            opened = []
            for step in steps:
                if step in {"store", "many"}:
                    found.store(3 if step == "store" else 40)
                elif step in ("merge", "erase"):
                    found.rewrite(erase=step == "erase")
                elif step == "drop":
                    found.drop()
                else:
                    connection = await stack.enter_async_context(snapshot(report_url))
                    opened.append((connection, (found.by_country(), found.by_user())))
                    if step == "ask":
                        assert await ask(facts, connection) == opened[-1][1]
            answers = [await ask(facts, connection) for connection, _ in reversed(opened)]
            assert answers == [expected for _, expected in reversed(opened)]

    with segments(tables) as found:
        asyncio.run(run(found))


def test_what_a_slow_writer_stores_is_seen_when_it_has_committed(
    tables: psycopg.Connection, report_url: str
) -> None:
    """It has an older transaction and a smaller id than what was seen before."""

    async def run() -> None:
        facts = Facts(GIB)
        with psycopg.connect(report_url) as slow:
            store_segment(slow, "facebook", [event(0)])
            with tables.transaction():
                store(tables, [replace(event(1), occurred_at=NOON + timedelta(hours=1))])
            async with snapshot(report_url) as connection:
                assert (await ask(facts, connection))[0] == {"c1": 1}
            slow.commit()
        async with snapshot(report_url) as connection:
            assert (await ask(facts, connection))[0] == {"c0": 1, "c1": 1}

    with segments(tables):
        asyncio.run(run())


def test_snapshots_asked_at_once(tables: psycopg.Connection, report_url: str) -> None:
    async def run(found: Segments) -> None:
        facts = Facts(GIB)
        async with AsyncExitStack() as stack:
            opened = []
            for round_ in range(12):
                found.store(50)
                if round_ % 3 == 2:
                    found.rewrite(erase=round_ % 2 == 0)
                connection = await stack.enter_async_context(snapshot(report_url))
                opened.append((connection, (found.by_country(), found.by_user())))
            opened = opened[::2] + opened[1::2]
            answers = await asyncio.gather(*(ask(facts, connection) for connection, _ in opened))
            assert answers == [expected for _, expected in opened]

    with segments(tables) as found:
        asyncio.run(run(found))


def test_what_does_not_fit_is_refused_before_it_is_loaded(
    tables: psycopg.Connection, report_url: str
) -> None:
    async def run(found: Segments) -> None:
        facts = Facts(100 * 64)
        found.store(400)
        tables.execute("update segments set country = 'what nobody can read'")
        async with snapshot(report_url) as connection:
            with pytest.raises(Problem) as refused:
                await facts.tallies(connection, question("country"), ALL)
            assert refused.value.kind.code == "selection_too_large"
            assert refused.value.extensions == {"events": 400, "limit": 6_400}
            assert "narrow" in refused.value.detail
            assert facts._memory is not None
            assert facts._memory.nbytes == 0

    with segments(tables) as found:
        asyncio.run(run(found))


def test_memory_stays_within_its_bound(tables: psycopg.Connection, report_url: str) -> None:
    """What is asked next takes the place of what was asked before."""

    async def run() -> None:
        room = 400 * 100
        facts = Facts(room)
        hours = []
        for hour in range(4):
            start = NOON + timedelta(hours=hour)
            stored = [
                replace(event(n), occurred_at=start + timedelta(seconds=n)) for n in range(300)
            ]
            with tables.transaction():
                store(tables, stored)
            hours.append(Span(start, start + timedelta(hours=1)))
        async with snapshot(report_url) as connection:
            for span in [*hours, *reversed(hours)]:
                for by in ("country", "campaignId"):
                    tallies = await facts.tallies(connection, question(by, span=span), ALL)
                    assert tallies.total.events == 300
                    assert facts._memory is not None
                    assert 0 < facts._memory.nbytes <= room
            with pytest.raises(Problem, match="1,200 events"):
                await facts.tallies(connection, question("campaignId"), ALL)

    with segments(tables):
        asyncio.run(run())


def test_a_little_that_is_left_is_loaded_along(tables: psycopg.Connection, report_url: str) -> None:
    async def run() -> None:
        facts = Facts(GIB)
        begins = [NOON + timedelta(hours=hour) for hour in range(4)]
        for start, size in zip(begins, (400, 10, 10), strict=False):
            stored = [
                replace(event(n), occurred_at=start + timedelta(seconds=n)) for n in range(size)
            ]
            with tables.transaction():
                store(tables, stored)
        held = []
        async with snapshot(report_url) as connection:
            for end in begins[1:3]:
                asked = question(span=Span(begins[0], end))
                await facts.funnels(connection, asked, ALL)
                assert facts._memory is not None
                held.append(sum(chunk.rows for chunk in facts._memory._of("facebook")))
        assert held == [400, 420]

    with segments(tables):
        asyncio.run(run())


def test_a_question_that_is_given_up_leaves_nothing_half_done(
    tables: psycopg.Connection, report_url: str
) -> None:
    async def run(found: Segments) -> None:
        for delay in range(20):
            facts = Facts(GIB)
            async with snapshot(report_url) as connection:
                task = asyncio.ensure_future(ask(facts, connection))
                for _ in range(2 * delay):
                    await asyncio.sleep(0.0005)
                task.cancel()
                await asyncio.wait([task])
            async with snapshot(report_url) as connection:
                assert await ask(facts, connection) == (found.by_country(), found.by_user())

    with segments(tables) as found:
        for _ in range(5):
            found.store(300)
        asyncio.run(run(found))


def test_segments_that_are_not_there_yet(tables: psycopg.Connection, report_url: str) -> None:
    async def run() -> None:
        async with snapshot(report_url) as connection:
            with pytest.raises(Problem) as refused:
                await Facts(GIB).tallies(connection, question("country"), ALL)
            assert refused.value.kind.code == "segments_behind"
            assert refused.value.retry_after

    with segments(tables):
        with tables.transaction():
            store(tables, [event(0)], segments=False)
        asyncio.run(run())
