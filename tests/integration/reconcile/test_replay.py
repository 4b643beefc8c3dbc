"""Replay brings back what is missing and changes nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import streams
from builders import facebook
from nats.js import JetStreamContext
from records import Servers, command, flip_a_byte
from scripted import Answer, Batch, scripted_function, stored
from segments import forget_in_segments, segment_entries

from shared.store.rows import identity

LONG_AGO = "2020-01-01"


def replay(records: Servers, url: str, *options: str, expect: int = 0) -> dict[str, Any]:
    """Replay Facebook's messages to a collector and return the command's answer."""
    servers = ("--nats-url", records.nats_url, "--functions-url", url)
    arguments = (*servers, "--source", "facebook", "--json", *options)
    return json.loads(command("replay", *arguments, expect=expect))  # type: ignore[no-any-return]


def contents(records: Servers) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables that events leave something in."""
    with psycopg.connect(records.database_url) as connection:
        return {
            table: sorted(connection.execute(b"table " + table.encode()).fetchall(), key=repr)
            for table in ("events", "event_keys", "rollup_types", "rollup_seconds", "messages")
        } | {"segments": sorted(segment_entries(records.database_url).items())}


def forget(records: Servers, event: dict[str, Any]) -> None:
    """Take one event out of the database as if it had never been stored."""
    with psycopg.connect(records.database_url) as connection:
        key = identity("facebook", event["eventId"])
        connection.execute("delete from event_keys where uuid_send(key) = %s", (key,))
        connection.execute("delete from events where event_id = %s", (event["eventId"],))
        connection.execute(
            "update rollup_types set events = events - 1, transactions = transactions - 1,"
            " revenue = revenue - 3.50, events_in_seconds = events_in_seconds - 1,"
            " events_in_segments = events_in_segments - 1 where bucket ="
            " date_bin('15 minutes', %s::timestamptz, '2000-01-01Z') and type_id = 7",
            (event["timestamp"],),
        )
        connection.execute(
            "delete from rollup_seconds where type_id = 7 and revenue = 3.50"
            " and second = date_trunc('second', %s::timestamptz)",
            (event["timestamp"],),
        )
    forget_in_segments(records.database_url, event)


def test_a_missing_event_comes_back_and_nothing_else_changes(history: Servers) -> None:
    event = facebook("checkout.complete", purchaseAmount="3.50")
    streams.publish(history.nats_url, "facebook", [[event, facebook()]])
    history.process()
    before = contents(history)
    with history.collectors() as urls:
        answer = replay(history, urls["FB_CONSUME_URL"])
        assert (answer["messages"], answer["events"], answer["rejected"]) == (5, 60, 2)
        assert contents(history) == before
        forget(history, event)
        assert set(history.checks()) == {"rows"}
        replay(history, urls["FB_CONSUME_URL"], "--from", LONG_AGO)
    assert contents(history) == before
    assert history.reconcile()["holds"]


def test_a_range_is_counted_before_it_is_replayed(records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook(), facebook()]])
    taken = streams.messages(records.nats_url)[0].time
    assert taken is not None
    after = (taken + timedelta(milliseconds=1)).isoformat()
    streams.publish(records.nats_url, "facebook", [[facebook()], [facebook()]])
    with scripted_function() as function:
        first = replay(records, function.url, "--to", after, "--dry-run")
        assert (first["messages"], first["events"], first["dryRun"]) == (1, 2, True)
        assert not function.calls
        rest = replay(records, function.url, "--from", after)
        assert (rest["messages"], rest["events"]) == (2, 2)
        assert len(function.received()) == 2
        nothing = replay(records, function.url, "--from", datetime.now(UTC).isoformat())
        assert nothing["messages"] == 0


def test_consumers_and_the_stream_do_not_move(records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook()]])
    with scripted_function() as function:
        replay(records, function.url)
    assert streams.unprocessed(records.nats_url, "facebook") == 1

    async def consumers(js: JetStreamContext) -> int:
        return len(await js.consumers_info("EVENTS"))

    assert len(streams.messages(records.nats_url)) == 1
    assert streams.with_jetstream(records.nats_url, consumers) >= 2


def test_a_damaged_message_is_left_out_and_named(records: Servers) -> None:
    flip_a_byte(records.nats_url, "facebook", [facebook()])
    streams.publish(records.nats_url, "facebook", [[facebook()]])
    with scripted_function() as function:
        answer = replay(records, function.url, expect=1)
    assert (answer["messages"], answer["damaged"]) == (1, ["EVENTS:1"])


def test_an_outage_waits_and_failed_messages_come_again(records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook()], [facebook()]])

    def script(call: int, batch: Batch) -> Answer | None:
        if call == 1:
            return None
        if call == 2:
            failure = {"itemIdentifier": batch[1]["id"]}
            return 200, {}, json.dumps({"batchItemFailures": [failure]}).encode()
        return stored(call, batch)

    with scripted_function() as function:
        function.script = script
        assert replay(records, function.url)["messages"] == 2
        assert [len(batch) for batch in function.calls] == [2, 2, 1]
        assert function.calls[2][0]["id"] == "EVENTS:2"


def test_what_is_away_is_said_so(records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook()]])
    nowhere = ("--functions-url", "http://127.0.0.1:1", "--patience", "0")
    command("replay", "--nats-url", records.nats_url, *nowhere, expect=2)
    command("replay", "--nats-url", "nats://127.0.0.1:1", *nowhere, expect=2)
    command("replay", "--from", "yesterday", expect=2)
