"""Ingest and collector: each answers what is true, whichever call failed."""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import streams
from builders import facebook
from failing import broker_calls, database_calls
from loops import Event, chosen, letters, numbers, prove, sale
from nats.js import JetStreamContext
from records import Servers

from functions.webhook_ingest.main import WebhookIngest
from shared.batch import BatchAnswer, StoredMessage, decode_answer, encode_batch
from shared.cloudevents import BATCH_TYPE
from shared.collector import Collector
from shared.errors import Problem
from shared.requests import Request
from shared.stream.broker import JetStreamBroker


def request(body: bytes, content_type: str, correlation_id: str) -> Request:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return Request("POST", "/", "", {"content-type": content_type}, chunks, correlation_id)


def test_ingest(records: Servers) -> None:
    good: list[Event] = []

    async def loop() -> int:
        ingest = WebhookIngest(chosen(records))
        await ingest.open()
        broker = ingest.broker
        assert isinstance(broker, JetStreamBroker)
        client = await broker.connection.available(None)
        # With the first request it looks at the stream, and then not for a second.
        good.append(sale())
        await ingest.handle(request(json.dumps(good).encode(), "application/json", "first"))
        for number, when in numbers():
            events = [*(sale() for _ in range(6)), facebook(age=-1), facebook(age=-2)]
            good.extend(events[:6])
            body, name = json.dumps(events).encode(), uuid.uuid4().hex

            async def post(body: bytes = body, name: str = name) -> dict[str, Any] | None:
                try:
                    answer = await ingest.handle(request(body, "application/json", name))
                except Problem as problem:
                    assert problem.kind.retryable
                    return None
                return json.loads(answer.body)  # type: ignore[no-any-return]

            with broker_calls(number, when, client) as calls:
                answer = await post()
            held = await asyncio.to_thread(letters, records.nats_url)
            kept = sum(held[event["eventId"]] for event in events[6:])
            if answer is None:
                answer = await post()
            else:
                stored = await asyncio.to_thread(streams.events, records.nats_url)
                assert {e["eventId"] for e in events[:6]} <= {e["eventId"] for e in stored}
                assert answer["quarantined"] <= kept <= 2
            assert answer is not None
            assert answer["accepted"] == 6
            if not calls.failed:
                break
        await ingest.close()
        return number

    assert asyncio.run(loop()) > 3
    records.process()
    prove(records, good)
    assert set(letters(records.nats_url).values()) == {1}


def test_collector(records: Servers) -> None:
    good: list[Event] = []
    sequences = itertools.count(1)

    def message(events: list[Event]) -> StoredMessage:
        streams.publish(records.nats_url, "facebook", [events])
        sequence = next(sequences)

        async def read(js: JetStreamContext) -> StoredMessage:
            found = await js.get_msg("EVENTS", sequence)
            moment = found.time or datetime.now(UTC)
            headers = dict(found.headers or {})
            return StoredMessage("EVENTS", sequence, "facebook", moment, headers, found.data or b"")

        return streams.with_jetstream(records.nats_url, read)

    def stored(events: list[Event]) -> int:
        with psycopg.connect(records.database_url) as connection:
            ids = [event["eventId"] for event in events]
            statement = "select count(*)::int from events where event_id = any(%s)"
            [(count,)] = connection.execute(statement, [ids]).fetchall()
        return int(count)

    async def loop() -> int:
        collector = Collector("facebook", chosen(records))
        await collector.open()
        await collector.ready()
        for number, when in numbers():
            events = [sale() for _ in range(12)]
            good.extend(events)
            bad = facebook(age=-1)
            batch = [
                await asyncio.to_thread(message, part) for part in ([*events[:7], bad], events[7:])
            ]
            body = encode_batch(batch)

            async def deliver(body: bytes = body) -> BatchAnswer | None:
                try:
                    return decode_answer(
                        (await collector.handle(request(body, BATCH_TYPE, "c"))).body
                    )
                except Problem as problem:
                    assert problem.kind.code == "database_unavailable"
                    return None

            with database_calls(number, when) as calls:
                answer = await deliver()
            assert stored(events) in ({0, 12} if answer is None else {12})
            again = await deliver()
            assert again is not None
            assert not again.batchItemFailures
            assert [each.code for each in again.rejected] == ["out_of_range"]
            assert stored(events) == 12
            if not calls.failed:
                break
        await collector.close()
        return number

    assert asyncio.run(loop()) > 10
    prove(records, good)
