"""A healthy history reconciles; each tampering is named."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import streams
from builders import facebook, tiktok
from nats.js import JetStreamContext
from records import Servers, command, flip_a_byte

from shared.stream.topology import EVENTS, consumer_name, ensure_streams

FACEBOOK = {
    "accepted": 58, "stored": 51, "duplicates": 5, "deadLettered": 2, "pending": 0,
    "unaccounted": 0, "rows": 51, "rolledUp": 51, "inSegments": 51,
}  # fmt: skip


def test_nothing_yet_holds(records: Servers) -> None:
    assert records.reconcile()["holds"]


def test_a_history_with_duplicates_rejected_and_pending_events_holds(history: Servers) -> None:
    streams.publish(history.nats_url, "tiktok", [[tiktok(), tiktok()], [tiktok()]])
    found = history.reconcile("--deep")
    accounts = {account["source"]: account for account in found["sources"]}
    assert accounts["facebook"].items() >= FACEBOOK.items()
    assert Decimal(accounts["facebook"]["revenue"]) == sum(
        (Decimal(f"{number}.01") for number in range(20)), Decimal(0)
    )
    assert accounts["tiktok"]["pending"] == 3
    assert accounts["tiktok"]["accepted"] == 15
    assert found["differences"] == found["notes"] == []


TAMPERINGS: tuple[tuple[str, set[str]], ...] = (
    (
        "delete from events where stream_sequence = 2 and stream_position = 3",
        {"rows", "rollups", "identities"},
    ),
    ("update events set revenue = revenue + 0.01 where revenue = 7.01", {"revenue"}),
    (
        """update rollup_types set revenue = revenue - 0.01 where (bucket, type_id) =
        (select bucket, type_id from rollup_types where type_id = 7 limit 1)""",
        {"revenue"},
    ),
    (
        """update rollup_types set events = events + 1 where (bucket, type_id) =
        (select bucket, type_id from rollup_types where type_id = 1 limit 1)""",
        {"rollups"},
    ),
    (
        """update rollup_seconds set revenue = revenue - 0.01 where (second, type_id) =
        (select second, type_id from rollup_seconds where type_id = 7 limit 1)""",
        {"revenue"},
    ),
    (
        """update rollup_seconds set events = events + 1 where (second, type_id) =
        (select second, type_id from rollup_seconds where type_id = 1 limit 1)""",
        {"rollups"},
    ),
    (
        """update rollup_seconds set transactions = transactions - 1 where (second, type_id) =
        (select second, type_id from rollup_seconds where type_id = 7 limit 1)""",
        {"rollups"},
    ),
    ("update rollup_days set revenue = revenue - 0.01 where type_id = 7", {"revenue"}),
    ("update rollup_days set events = events + 1 where type_id = 1", {"rollups"}),
    ("update rollup_days set transactions = transactions - 1 where type_id = 7", {"rollups"}),
    ("delete from rollup_days where type_id = 1", {"rollups", "revenue"}),
    (
        "delete from segments where id = (select min(id) from segments where source = 'facebook')",
        {"segments"},
    ),
    (
        """insert into segments (source, first_at, last_at, events, occurred_at, type_id,
        stream_sequence, stream_position) select source, first_at, last_at, events, occurred_at,
        type_id, stream_sequence, stream_position from segments where source = 'facebook'
        limit 1""",
        {"segments"},
    ),
    (
        """update rollup_types set events_in_segments = events_in_segments - 1 where
        (bucket, type_id) = (select bucket, type_id from rollup_types where type_id = 1 limit 1)""",
        {"segments"},
    ),
    (
        """update rollup_types set events_in_segments = events_in_segments + 1 where
        (bucket, type_id) = (select bucket, type_id from rollup_types where type_id = 1 limit 1)""",
        {"segments"},
    ),
    ("delete from messages where stream_sequence = 2", {"rows", "acknowledged"}),
    ("delete from messages where stream_sequence = 3", {"acknowledged"}),
    ("update messages set duplicates = 4 where duplicates = 5", {"ledger"}),
    (
        "delete from event_keys where key = (select max(key::text)::uuid from event_keys)",
        {"identities"},
    ),
    ("update messages set events = 31, rejected = 1 where events = 30", {"letters", "counts"}),
    (
        "update messages set events = events + 1, duplicates = duplicates + 1 where events = 30",
        {"counts"},
    ),
)
"""What is done to the database, and the checks that name it."""


def test_every_change_of_the_database_is_named(history: Servers) -> None:
    for statement, checks in TAMPERINGS:
        with history.tampered(statement):
            found = history.checks()
        assert set(found) == checks, statement
        assert all(difference["source"] in ("facebook", "all") for difference in found.values())
    assert history.reconcile()["holds"]


def test_a_difference_is_shown_with_its_sequence(history: Servers) -> None:
    arguments = ("--nats-url", history.nats_url, "--database-url", history.database_url)
    assert "accepted = stored + duplicate" in command("reconcile", *arguments)
    with history.tampered("delete from messages where stream_sequence = 2"):
        assert "EVENTS:2" in command("reconcile", *arguments, expect=1)
        found = history.checks()
    assert found["acknowledged"]["examples"] == ["EVENTS:2"]
    assert (found["rows"]["expected"], found["rows"]["found"]) == ("21", "51")


def test_messages_acknowledged_by_hand_are_named(history: Servers) -> None:
    streams.publish(history.nats_url, "facebook", [[facebook(), facebook()], [facebook()]])
    streams.publish(history.nats_url, "facebook", [[facebook()]])
    acknowledge(history.nats_url, "facebook", which=(0,))
    assert history.checks()["acknowledged"]["examples"] == ["EVENTS:7"]
    found = history.reconcile(expect=1)["sources"][0]
    assert (found["unaccounted"], found["pending"]) == (2, 2)


def test_a_message_acknowledged_beyond_the_floor_is_named(records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook()], [facebook()]])
    acknowledge(records.nats_url, "facebook", which=(1,))
    assert records.checks()["acknowledged"]["found"] == "1"


def acknowledge(url: str, source: str, which: tuple[int, ...]) -> None:
    async def fetch(js: JetStreamContext) -> None:
        subscription = await js.pull_subscribe_bind(consumer_name(source), EVENTS)
        messages = await subscription.fetch(2, timeout=5)
        for index in which:
            await messages[index].ack_sync()

    streams.with_jetstream(url, fetch)


def test_a_message_removed_before_it_was_processed_is_named(records: Servers) -> None:
    streams.publish(records.nats_url, "tiktok", [[tiktok()], [tiktok()]])

    async def remove(js: JetStreamContext) -> None:
        await js.delete_msg(EVENTS, 2)

    streams.with_jetstream(records.nats_url, remove)
    assert records.checks()["vanished"]["examples"] == ["EVENTS:2"]


def test_a_flipped_byte_costs_a_message_and_is_told(records: Servers) -> None:
    events = [facebook() for _ in range(4)]
    flip_a_byte(records.nats_url, "facebook", events)
    streams.publish(records.nats_url, "facebook", [[facebook()]])
    assert records.checks("--deep")["checksum"]["examples"] == ["EVENTS:1"]
    records.process()
    [letter] = streams.messages(records.nats_url, "DEADLETTER")
    headers = letter.headers or {}
    assert letter.data == streams.messages(records.nats_url)[0].data
    assert headers["Hookstream-Code"] == "checksum_mismatch"
    assert "4 events" in headers["Hookstream-Detail"]
    found = records.reconcile(expect=1)
    [difference] = found["differences"]
    assert (difference["check"], difference["examples"]) == ("checksum", ["EVENTS:1"])
    account = found["sources"][0]
    assert (account["accepted"], account["stored"], account["deadLettered"]) == (5, 1, 4)

    async def drop(js: JetStreamContext) -> None:
        await js.delete_msg("DEADLETTER", 1)

    streams.with_jetstream(records.nats_url, drop)
    assert records.reconcile()["notes"]


def test_processed_messages_may_go_and_a_new_stream_begins_at_one(history: Servers) -> None:
    async def purge(js: JetStreamContext) -> None:
        await js.purge_stream(EVENTS)

    async def delete(js: JetStreamContext) -> None:
        await js.delete_stream(EVENTS)

    streams.with_jetstream(history.nats_url, purge)
    assert history.reconcile()["holds"]
    streams.with_jetstream(history.nats_url, delete)
    asyncio.run(ensure_streams(history.nats_url))
    streams.publish(history.nats_url, "facebook", [[facebook()] for _ in range(3)])
    assert history.reconcile()["sources"][0]["pending"] == 3
    history.process()
    assert history.reconcile()["sources"][0]["stored"] == 54


def test_redriven_or_dropped_letters_are_a_note(history: Servers) -> None:
    async def drop(js: JetStreamContext) -> None:
        await js.delete_msg("DEADLETTER", 1)

    streams.with_jetstream(history.nats_url, drop)
    assert "1 rejected events" in history.reconcile()["notes"][0]


def test_a_server_that_is_away_is_said_so(records: Servers) -> None:
    broker = ("--nats-url", "nats://127.0.0.1:1", "--database-url", records.database_url)
    database = ("--nats-url", records.nats_url, "--database-url", "postgresql://127.0.0.1:1/x")
    command("reconcile", *broker, expect=2)
    command("reconcile", *database, expect=2)


def test_no_false_alarm_while_events_flow(records: Servers) -> None:
    began = datetime.now(UTC)
    with records.pipeline():
        while (datetime.now(UTC) - began).total_seconds() < 4:
            packs = [[facebook() for _ in range(20)] for _ in range(10)]
            streams.publish(records.nats_url, "facebook", packs)
            streams.publish(records.nats_url, "tiktok", [[tiktok(), tiktok()]] * 5)
            found = records.reconcile()
            assert all(account["unaccounted"] == 0 for account in found["sources"])
        streams.wait_until_processed(records.nats_url, "facebook", "tiktok")
    assert records.reconcile()["sources"][0]["pending"] == 0


def test_what_an_older_version_stored_is_a_note_until_it_is_in_segments(history: Servers) -> None:
    history.execute("truncate segments; update rollup_types set events_in_segments = 0")
    found = history.reconcile()
    assert found["holds"]
    assert found["notes"] == ["63 events that an older version stored are not in segments yet"]
