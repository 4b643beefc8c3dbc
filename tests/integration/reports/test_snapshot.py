import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
from integration.reports.asking import Reports
from integration.reports.naive import Event
from integration.reports.storing import make_room, store

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
RAGGED = NOON + timedelta(minutes=5)
WHOLE = NOON + timedelta(minutes=20)
RANGE = "from=2026-03-29T12:01:00Z&to=2026-03-29T12:44:00Z"


def pair(number: int) -> list[Event]:
    """Two sales of one user: one in a ragged end of the range, one in a whole bucket."""
    return [
        Event(
            occurred_at=moment,
            type_id=type_id,
            event_id=f"{type_id}-{number}",
            user_id=f"user-{number}",
            followers=1,
            age=30,
            gender="male",
            country="Ukraine",
            city="Kyiv",
            revenue=Decimal("0.10"),
        )
        for moment, type_id in ((RAGGED, 7), (WHOLE, 13))
    ]


@contextmanager
def pairs_arriving(url: str) -> Iterator[None]:
    """Store pair after pair, each in a transaction, while the block runs."""
    enough = threading.Event()

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            number = 0
            while not enough.is_set():
                with connection.transaction():
                    store(connection, pair(number))
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


def test_no_report_shows_a_sum_that_no_moment_had(
    reports: Reports, tables: psycopg.Connection, report_url: str
) -> None:
    make_room(tables, pair(0))
    seen = set()
    with pairs_arriving(report_url):
        for _ in range(60):
            events, revenue, people = reports.ask_all(
                [("events", RANGE), ("revenue", RANGE), ("demographics", RANGE)]
            )
            counts = {group["source"]: group["count"] for group in events["groups"]}
            assert counts.get("facebook", 0) == counts.get("tiktok", 0)
            assert Decimal(revenue["totalRevenue"]) == revenue["transactionCount"] * Decimal("0.10")
            assert revenue["transactionCount"] % 2 == 0
            facebook, tiktok = people["facebook"], people["tiktok"]
            assert (
                len({facebook["users"], facebook["events"], tiktok["users"], tiktok["events"]}) == 1
            )
            seen.add(events["totalEvents"])
    assert len(seen) > 10
