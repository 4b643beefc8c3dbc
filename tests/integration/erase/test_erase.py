"""A person is erased: nothing of theirs is left or comes back, and every count stays."""

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook, tiktok
from integration.erase.conftest import ADA, NAMES, ada, ada_on_tiktok
from integration.erase.traces import database_text, files_with, held, traces
from integration.reports.asking import Reports
from nats.js import JetStreamContext
from records import Servers, command, cut_short
from stack import HOOKSTREAM

from infra.erasing.person import Person
from shared.events.model import SOURCES
from shared.stream.topology import EVENTS, consumer_name

Erase = Callable[..., dict[str, Any]]

RAGGED = "from=2026-11-02T10:06:59.999999Z&to=2026-11-02T10:09:40.000001Z"
EVERYWHERE = {"database", "segments", "EVENTS", "DEADLETTER"}


def reports(url: str, *queries: str) -> list[dict[str, Any]]:
    """Return what reports say, except when they were made."""
    with Reports.over(url) as opened:
        asked = [
            opened.ask(name, query) for name in ("events", "revenue") for query in ("", *queries)
        ]
    for answer in asked:
        del answer["asOf"], answer["freshnessSeconds"]
    return asked


def demographics(url: str) -> dict[str, Any]:
    with Reports.over(url) as opened:
        return opened.ask("demographics")


def balances(servers: Servers) -> Any:  # noqa: ANN401 - JSON
    return servers.reconcile("--deep")["sources"]


def replay(servers: Servers) -> None:
    """Replay all that EVENTS holds to real collectors."""
    with servers.collectors() as urls:
        for source, name in (("facebook", "FB_CONSUME_URL"), ("tiktok", "TTK_CONSUME_URL")):
            at = ("--nats-url", servers.nats_url, "--functions-url", urls[name])
            command("replay", *at, "--source", source)


def test_nothing_is_left_and_every_count_stays(
    history: Servers, erase: Erase, scratch: Path
) -> None:
    queries = (RAGGED, f"{RAGGED}&campaignId=camp-1")
    before = reports(history.database_url, *queries), balances(history)
    people = demographics(history.database_url)
    assert traces(history, *NAMES) == EVERYWHERE
    assert files_with(scratch, NAMES[0])

    done = erase()
    assert (done["rows"], done["deadLetters"], done["left"]) == (5, 2, 0)
    assert (done["messages"], done["events"]) == (5, 20)
    assert traces(history, *NAMES) == set()
    assert not files_with(scratch, NAMES[0])
    assert (reports(history.database_url, *queries), balances(history)) == before
    fewer = demographics(history.database_url)
    assert fewer["facebook"]["users"] == people["facebook"]["users"] - 1
    assert fewer["facebook"]["events"] == people["facebook"]["events"]
    assert fewer["tiktok"]["users"] == people["tiktok"]["users"] - 1
    assert fewer["tiktok"]["averageWatchTime"] == people["tiktok"]["averageWatchTime"]

    replay(history)
    assert traces(history, *NAMES) == set()
    assert (reports(history.database_url, *queries), balances(history)) == before
    again = erase()
    assert (again["rows"], again["deadLetters"], again["messages"]) == (0, 0, 0)


def test_the_letters_and_messages_of_others_stay(history: Servers, erase: Erase) -> None:
    erase()
    assert set(held(history.nats_url, EVENTS)) == {2, 7}
    [letter] = held(history.nats_url, "DEADLETTER").values()
    assert b"Ada Example" in letter


def test_a_dry_run_counts_and_changes_nothing(history: Servers, erase: Erase) -> None:
    before = database_text(history.database_url), held(history.nats_url, EVENTS)
    counted = erase("--dry-run")
    assert counted["dryRun"]
    assert counted["erasedAt"] is None
    assert (counted["rows"], counted["deadLetters"], counted["messages"]) == (5, 2, 5)
    assert (database_text(history.database_url), held(history.nats_url, EVENTS)) == before
    assert erase()["rows"] == 5


def test_one_source_only(history: Servers, erase: Erase) -> None:
    done = erase("--source", "tiktok")
    assert (done["sources"], done["rows"], done["messages"]) == (["tiktok"], 2, 1)
    assert traces(history, "ada.lovelace") == set()
    assert traces(history, "Ada Lovelace") == EVERYWHERE - {"segments"}


def test_a_backlog_is_stored_without_the_person(records: Servers, erase: Erase) -> None:
    packs = [[ada("checkout.complete"), facebook()], [ada(), ada(age=-1)], [facebook()]]
    streams.publish(records.nats_url, "facebook", packs)
    streams.publish(records.nats_url, "tiktok", [[ada_on_tiktok(), tiktok()]])
    assert erase("--timeout", "0", expect=1)["left"] == 3
    records.process()
    assert traces(records, *NAMES) == {"EVENTS", "DEADLETTER"}
    with psycopg.connect(records.database_url) as connection:
        found = connection.execute(
            "select count(*), count(*) filter (where user_id = '' and raw = '') from events"
        ).fetchone()
    assert found == (6, 3)
    done = erase()
    assert (done["rows"], done["messages"], done["deadLetters"], done["left"]) == (0, 3, 1, 0)
    assert traces(records, *NAMES) == set()
    assert records.reconcile()["holds"]


def test_the_backlog_of_others_is_not_waited_for(history: Servers, erase: Erase) -> None:
    streams.publish(history.nats_url, "facebook", [[facebook()]])
    assert erase("--timeout", "0")["left"] == 0


def test_a_restored_database_gets_its_counts_back_without_the_person(
    records: Servers, erase: Erase
) -> None:
    """What EVENTS holds is needed as long as the ledger does not know it."""
    streams.publish(records.nats_url, "facebook", [[ada(), facebook()]])
    records.process()
    records.execute("truncate events, event_keys, rollup_types, rollup_seconds, messages")
    assert erase("--timeout", "0", expect=1)["left"] == 1
    replay(records)
    assert records.reconcile()["sources"][0]["rows"] == 2
    assert traces(records, *NAMES) == {"EVENTS"}
    assert erase()["messages"] == 1
    assert traces(records, *NAMES) == set()


def test_a_message_acknowledged_by_hand_stays(records: Servers, erase: Erase) -> None:
    streams.publish(records.nats_url, "facebook", [[ada()]])

    async def acknowledge(js: JetStreamContext) -> None:
        subscription = await js.pull_subscribe_bind(consumer_name("facebook"), EVENTS)
        [message] = await subscription.fetch(1, timeout=5)
        await message.ack_sync()

    streams.with_jetstream(records.nats_url, acknowledge)
    assert erase("--timeout", "0.1", expect=1)["left"] == 1
    assert len(held(records.nats_url, EVENTS)) == 1


def test_what_is_accepted_afterwards_is_new(history: Servers, erase: Erase) -> None:
    erase()
    streams.publish(history.nats_url, "facebook", [[ada(name="Ada King"), facebook()]])
    history.process()
    assert traces(history, *NAMES, "Ada King") == {"database", "segments", "EVENTS"}
    assert history.reconcile()["holds"]
    assert erase()["rows"] == 1
    assert traces(history, *NAMES, "Ada King") == set()


def test_a_damaged_message_cannot_be_searched_and_stops_nothing(
    records: Servers, erase: Erase
) -> None:
    cut_short(records.nats_url, "facebook", [ada() for _ in range(20)])
    streams.publish(records.nats_url, "facebook", [[ada() for _ in range(20)]])
    records.process()
    done = erase()
    assert (done["rows"], done["messages"], done["left"]) == (20, 1, 0)
    assert list(held(records.nats_url, EVENTS)) == [1]


def test_tombstones_do_not_tell_whose_they_are(history: Servers, erase: Erase) -> None:
    erase()
    erase()
    with psycopg.connect(history.database_url) as connection:
        found = connection.execute("select uuid_send(tombstone) from erased_users").fetchall()
    assert {tombstone for (tombstone,) in found} == set(Person(ADA["userId"], SOURCES).tombstones)


@pytest.mark.parametrize(("reply", "code", "left"), [(b"n\n", 1, 5), (b"y\n", 0, 0)])
def test_a_terminal_is_asked(reply: bytes, code: int, left: int, history: Servers) -> None:
    urls = ("--nats-url", history.nats_url, "--database-url", history.database_url)
    line = [str(HOOKSTREAM), "erase", "--user", ADA["userId"], *urls]
    ours, theirs = pty.openpty()
    try:
        os.write(ours, reply)
        asked = subprocess.run(
            line, stdin=theirs, capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert asked.returncode == code, asked.stdout + asked.stderr
    assert "5 rows would be made anonymous" in asked.stdout
    with psycopg.connect(history.database_url) as connection:
        rows = connection.execute("select from events where user_id = %s", (ADA["userId"],))
        assert len(rows.fetchall()) == left


def test_servers_that_are_away_and_wrong_options(records: Servers) -> None:
    away = "postgresql://127.0.0.1:1/x"
    broker = ("--nats-url", "nats://127.0.0.1:1", "--database-url", records.database_url)
    command("erase", "--user", "a", *broker, expect=2)
    command(
        "erase", "--user", "a", "--nats-url", records.nats_url, "--database-url", away, expect=2
    )
    for user in ("", "a\0b", "\udcff"):
        command("erase", "--user", user, *broker, expect=2)
    command("erase", "--user", "a", "--state-dir", "/nowhere", expect=2)
