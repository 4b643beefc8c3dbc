"""Loops in which each call of broker and database fails once.

The first call fails, then the second …, until a run gets through without a failure; each before it
is made, and with its answer lost.
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import nats
import psycopg
import streams
from builders import facebook
from failing import WHEN
from records import Servers
from stack import revenue

from shared.settings import Settings
from shared.stream.topology import ensure_topology

Event = dict[str, Any]

MOST = 400
"""Calls of one run; a loop that needs more does not end."""


def numbers() -> Iterator[tuple[int, str]]:
    """Yield the number of the call that is to fail, and when it does."""
    return iter(itertools.product(range(1, MOST), WHEN))


async def renew(url: str) -> None:
    connection = await nats.connect(url)
    js = connection.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    await ensure_topology(js, Settings(ack_wait=1))
    await connection.close()


def chosen(records: Servers, **changes: object) -> Settings:
    """Return settings that wait briefly."""
    brief: dict[str, Any] = {
        "retry_base": 0.05,
        "retry_max": 0.1,
        "retry_after_max": 0.1,
        "ack_wait": 1,
        "publish_patience": 0.5,
        **changes,
    }
    return Settings(nats_url=records.nats_url, database_url=records.database_url, **brief)


def sale() -> Event:
    return facebook("checkout.complete", purchaseAmount="3.07")


def prove(records: Servers, expected: list[Event]) -> None:
    """Find each event once in rows, rollups and cents."""
    with psycopg.connect(records.database_url) as connection:
        rows = connection.execute("select event_id from events").fetchall()
    assert Counter(name for (name,) in rows) == Counter(event["eventId"] for event in expected)
    [account] = [a for a in records.reconcile()["sources"] if a["source"] == "facebook"]
    assert account["rows"] == account["rolledUp"] == account["inSegments"] == len(expected)
    assert Decimal(account["revenue"]) == revenue(expected)


def letters(url: str) -> Counter[str]:
    """Return how many dead letters each event has."""
    found = streams.messages(url, "DEADLETTER")
    return Counter(json.loads(message.data or b"")["eventId"] for message in found)
