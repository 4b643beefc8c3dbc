"""However often, in whatever order, batch or writer events arrive, each counts once."""

import asyncio
import json
import random
import uuid
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

import psycopg
import pytest
from builders import facebook, tiktok
from databases import login
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import structs
from psycopg.sql import SQL, Identifier
from segments import differences_of_segments

from shared.events.decoding import decode_event, latest_timestamp
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Connection, Database
from shared.store.rows import Row, build_row, identity
from shared.store.writer import EventWriter, MessageRecord, RefusedRow

Event = dict[str, Any]


def rows(events: list[Event], sequence: int) -> list[Row]:
    latest = latest_timestamp()
    texts = [json.dumps(event) for event in events]
    return [
        build_row(decode_event(text.encode(), latest), text, sequence, position)
        for position, text in enumerate(texts)
    ]


def record(events: list[Event], sequence: int) -> MessageRecord:
    moment = latest_timestamp()
    return MessageRecord(sequence, moment, "facebook", moment, "request*1", len(events), 0)


def by_source(events: list[Event]) -> list[list[Event]]:
    """Return a batch as collectors get it, one source's events at a time."""
    sources = {
        event["source"]: [e for e in events if e["source"] == event["source"]] for event in events
    }
    return list(sources.values())


async def write(url: str, batches: list[list[Event]], writers: int = 1) -> list[MessageRecord]:
    """Write batches with several writers at once; of each source, a batch is one message."""
    messages = [part for batch in batches for part in by_source(batch)]
    records = [record(events, number) for number, events in enumerate(messages, 1)]
    queue = list(zip(messages, records, strict=True))

    async def work() -> None:
        database = Database(
            Settings(database_url=login(url, "collector")), "test", configure=prepare
        )
        await database.open()
        writer = EventWriter(database)
        while queue:
            batch, message = queue.pop()
            await writer.write(rows(batch, message.stream_sequence), [message])
        await database.close()

    await asyncio.gather(*(work() for _ in range(writers)))
    return records


Totals = tuple[Counter[tuple[str, str]], Decimal]


def stored(url: str) -> tuple[Totals, ...]:
    """Return counts by (source, type) and revenue, from the rows and from each of the rollups."""
    with psycopg.connect(url) as connection:
        by_rows = connection.execute(
            "select source, event_type, count(*), coalesce(sum(revenue), 0) from events"
            " join event_types on id = type_id group by 1, 2"
        ).fetchall()
        by_rollups = [
            connection.execute(
                SQL(
                    "select source, event_type, sum({column})::int, coalesce(sum(revenue), 0)"
                    " from {table} join event_types on id = type_id group by 1, 2"
                ).format(column=Identifier(column), table=Identifier(table))
            ).fetchall()
            for table, column in (
                ("rollup_types", "events"),
                ("rollup_types", "events_in_seconds"),
                ("rollup_types", "events_in_segments"),
                ("rollup_seconds", "events"),
                ("rollup_days", "events"),
                ("rollup_days", "events_in_segments"),
            )
        ]
    return tuple(map(_totals, (by_rows, *by_rollups)))


def differences(url: str) -> list[Any]:
    """Return the rollups that do not say what the rows say."""
    with psycopg.connect(url) as connection:
        return connection.execute("""
            with counted as (
                select type_id, date_bin(length, occurred_at, '2000-01-01Z') as bucket, length,
                    count(*) as events, count(revenue), coalesce(sum(revenue), 0)
                from events
                cross join (values (interval '15 min'), ('1 s'), ('1 d')) as lengths (length)
                group by 1, 2, 3
            ), kept as (
                select type_id, bucket, interval '15 min', events, transactions, revenue
                from rollup_types
                union all
                select type_id, second, '1 s', events, transactions, revenue from rollup_seconds
                union all
                select type_id, day, '1 d', events, transactions, revenue from rollup_days
            )
            (table counted except table kept) union all (table kept except table counted)
        """).fetchall()


def _totals(found: list[Any]) -> Totals:
    counts = Counter({(source, name): count for source, name, count, _ in found})
    return counts, sum((revenue for *_, revenue in found), Decimal(0))


def expected(events: list[Event]) -> Totals:
    unique: dict[tuple[str, str], Event] = {}
    for event in events:
        unique.setdefault((event["source"], event["eventId"]), event)
    counts = Counter((event["source"], event["eventType"]) for event in unique.values())
    revenue = sum(
        Decimal(event["data"]["engagement"]["purchaseAmount"])
        for event in unique.values()
        if event["eventType"] in ("checkout.complete", "purchase")
    )
    return counts, Decimal(revenue)


def make(number: int, at_random: random.Random) -> Event:
    month, day, hour = (at_random.randrange(1, bound) for bound in (5, 4, 4))
    fields = {
        "eventId": f"event-{number}",
        "timestamp": f"2026-0{month}-{day:02}T0{hour}:59:59.999999Z",
    }
    kind = at_random.randrange(4)
    if kind == 0:
        return facebook(**fields)
    if kind == 1:
        amount = f"{at_random.randrange(10**6)}.{at_random.randrange(100):02}"
        return facebook("checkout.complete", purchaseAmount=amount, **fields)
    return tiktok(**fields) if kind == 2 else tiktok("purchase", **fields)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 120),
    copies=st.integers(1, 4),
    batch=st.integers(1, 90),
    writers=st.integers(1, 4),
)
def test_any_repetition_order_and_batching_counts_once(
    database_url: str, seed: int, size: int, copies: int, batch: int, writers: int
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "truncate event_keys, events, rollup_types, rollup_seconds, messages, segments"
        )
    at_random = random.Random(seed)
    unique = [make(number, at_random) for number in range(size)]
    sent = unique * copies
    at_random.shuffle(sent)
    batches = [sent[start : start + batch] for start in range(0, len(sent), batch)]
    records = asyncio.run(write(database_url, batches, writers))
    assert stored(database_url) == (expected(unique),) * 7
    assert differences(database_url) == []
    assert differences_of_segments(database_url) == []
    assert sum(message.stored for message in records) == size
    assert sum(message.duplicates for message in records) == size * (copies - 1)


def test_concurrent_writers_of_the_same_events_do_not_deadlock(database_url: str) -> None:
    at_random = random.Random(7)
    unique = [make(number, at_random) for number in range(3000)]
    batches = []
    for _ in range(8):
        shuffled = list(unique)
        at_random.shuffle(shuffled)
        batches.append(shuffled)
    records = asyncio.run(write(database_url, batches, writers=4))
    assert stored(database_url) == (expected(unique),) * 7
    assert sum(message.stored for message in records) == len(unique)


def test_concurrent_writers_of_the_same_days_do_not_deadlock(database_url: str) -> None:
    """Each hour's messages are of quarters that no other has: what writers meet at is days."""
    at_random = random.Random(7)
    batches = [
        [
            build(timestamp=f"2026-01-{at_random.randrange(1, 29):02}T{hour:02}:00:00Z")
            for build in at_random.choices((facebook, tiktok), k=30)
        ]
        for _ in range(12)
        for hour in range(24)
    ]
    records = asyncio.run(write(database_url, batches, writers=4))
    assert sum(message.stored for message in records) == 12 * 24 * 30
    assert differences(database_url) == []


def test_the_same_id_of_both_sources_is_two_events(database_url: str) -> None:
    sent = [facebook(eventId="same"), tiktok(eventId="same")]
    asyncio.run(write(database_url, [sent]))
    assert stored(database_url)[0] == expected(sent)
    assert identity("facebook", "same") != identity("tiktok", "same")


def test_a_redelivered_message_leaves_the_ledger_as_it_was(database_url: str) -> None:
    events = [facebook() for _ in range(5)]
    message = record(events, 9)

    async def deliver_twice() -> None:
        database = Database(Settings(database_url=database_url), "test", configure=prepare)
        await database.open()
        for _ in range(2):
            await EventWriter(database).write(rows(events, 9), [message])
        await database.close()

    asyncio.run(deliver_twice())
    with psycopg.connect(database_url) as connection:
        ledger = connection.execute("select events, stored, duplicates from messages").fetchall()
    assert ledger == [(5, 5, 0)]


POISON: dict[str, tuple[int, object]] = {
    "NUL character": (3, "a\0b"),
    "lone surrogate": (3, "\ud800"),
    "sequence beyond its column": (6, 2**63),
    "amount beyond its column": (4, Decimal(10) ** 13),
    "no user": (3, None),
    "a time without a partition": (0, (-(10**16)).to_bytes(8, "big", signed=True)),
    "text where a number belongs": (4, "x"),
}


MOST_EXTRA_STATEMENTS = 30 - 2
"""The begin and the rollback of the attempt that fails are not counted below."""


class CountingCursor(psycopg.AsyncCursor[Any]):
    """Notes its statements in `counted`."""

    counted: ClassVar[list[object]] = []

    async def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:  # noqa: ANN401 - psycopg's own signature is wider
        self.counted.append(query)
        return await super().execute(query, *arguments, **options)

    def copy(self, statement: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - likewise
        self.counted.append(statement)
        return super().copy(statement, *arguments, **options)


async def prepare_counting(connection: Connection) -> None:
    await prepare(connection)
    connection.cursor_factory = CountingCursor


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize("place", [0, 700, 4999])
def test_a_refused_row_costs_only_itself(poison: str, place: int, database_url: str) -> None:
    events = [facebook() for _ in range(5000)]
    good = [event for number, event in enumerate(events) if number != place]
    poisoned = rows(events, 1)
    column, value = POISON[poison]
    columns = list(poisoned[place].columns)
    columns[column] = value  # type: ignore[call-overload]  # any value
    poisoned[place] = structs.replace(poisoned[place], columns=tuple(columns))
    message = record(events, 1)
    statements: list[int] = []

    async def write_counted(batch: list[Row], records: list[MessageRecord]) -> list[RefusedRow]:
        CountingCursor.counted.clear()
        database = Database(Settings(database_url=database_url), "test", configure=prepare_counting)
        await database.open()
        try:
            return await EventWriter(database).write(batch, records)
        finally:
            await database.close()
            statements.append(len(CountingCursor.counted))

    [refused] = asyncio.run(write_counted(poisoned, [message]))
    assert refused.row.stream_position == place
    assert refused.reason
    assert (message.stored, message.rejected, message.duplicates) == (4999, 1, 0)
    others = [facebook() for _ in range(5000)]
    assert not asyncio.run(write_counted(rows(others, 2), [record(others, 2)]))
    with_poison, without = statements
    assert with_poison > without
    assert with_poison - without <= MOST_EXTRA_STATEMENTS
    assert stored(database_url) == (expected(good + others),) * 7
    # Its identity is not taken: corrected, it can be stored.
    asyncio.run(write(database_url, [[events[place]]]))
    assert stored(database_url)[0] == expected(events + others)
    assert differences_of_segments(database_url) == []


def test_rows_hold_what_was_sent(database_url: str) -> None:
    text = "Zoë 🎈 \\ \t\" '"
    sent = [
        facebook("checkout.complete", purchaseAmount="0.0001", name=text, campaignId=text),
        tiktok(
            watchTime=0.1, timestamp="2001-02-03T04:05:06.789012+05:45", videoId=str(uuid.uuid4())
        ),
    ]
    asyncio.run(write(database_url, [sent]))
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "select raw::json, occurred_at, revenue, stream_sequence, stream_position"
            " from events order by stream_sequence"
        ).fetchall()
    assert [row[0] for row in found] == sent
    assert [row[1] for row in found] == [datetime.fromisoformat(e["timestamp"]) for e in sent]
    assert found[0][2:] == (Decimal("0.0001"), 1, 0)
    assert found[1][2:] == (None, 2, 0)
    assert differences_of_segments(database_url) == []


@pytest.mark.parametrize(
    ("days", "partitions"),
    [
        (["2001-05-06", "2001-05-20"], {"events_200105"}),
        (["2001-12-31", "2002-01-01"], {"events_200112", "events_200201"}),
    ],
)
def test_old_days_share_the_partition_of_their_month(
    days: list[str], partitions: set[str], database_url: str
) -> None:
    asyncio.run(write(database_url, [[facebook(timestamp=f"{day}T23:59:59Z") for day in days]]))
    assert _partitions(database_url) == partitions


def test_recent_days_have_partitions_of_their_own(database_url: str) -> None:
    asyncio.run(write(database_url, [[facebook()]], writers=1))
    [name] = _partitions(database_url)
    assert len(name) == len("events_20260101")


def _partitions(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass"
        )
        return {name for (name,) in found}
