"""A message that its function keeps failing ends as dead letters; outages use up nothing."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook
from killing import Point, program
from processes import StartServed
from records import Servers
from scripted import Answer, Batch, Script, ScriptedFunction

FACEBOOK = "facebook"
SICK = "sick"

Store = Callable[[Batch], Answer]


def failing(batch: Batch) -> Answer:
    failures = [{"itemIdentifier": message["id"]} for message in batch]
    return 200, {}, json.dumps({"batchItemFailures": failures}).encode()


def is_sick(message: dict[str, Any]) -> bool:
    return any(event["eventId"].startswith(SICK) for event in message["data"])


def failing_the_sick(store: Store) -> Script:
    """Fail the messages with a sick event and store the others."""

    def script(_call: int, batch: Batch) -> Answer:
        sick = [message for message in batch if is_sick(message)]
        well = [message for message in batch if not is_sick(message)]
        status, headers, content = store(well)
        answer = {**json.loads(content), **json.loads(failing(sick)[2])}
        return status, headers, json.dumps(answer).encode()

    return script


def sick_message() -> list[object]:
    return [facebook(eventId=f"{SICK}-{number}") for number in range(3)]


def letters(url: str) -> list[tuple[str, str]]:
    """Return eventId and code of each dead letter."""
    return [
        (json.loads(letter.data or b"")["eventId"], (letter.headers or {})["Hookstream-Code"])
        for letter in streams.messages(url, "DEADLETTER")
    ]


def rows(url: str) -> Counter[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("select event_id from events").fetchall()
    return Counter(name for (name,) in found)


EXHAUSTED = [(f"{SICK}-{number}", "attempts_exhausted") for number in range(3)]


def test_a_message_out_of_attempts_becomes_dead_letters(
    records: Servers, function: ScriptedFunction, start_connector: StartServed, store: Store
) -> None:
    function.script = failing_the_sick(store)
    good = [facebook() for _ in range(20)]
    packs: list[list[object]] = [[*good[:10]], sick_message(), [*good[10:]]]
    streams.publish(records.nats_url, FACEBOOK, packs)
    with start_connector(MAX_ATTEMPTS="4"):
        streams.wait_until_processed(records.nats_url, FACEBOOK)
    sick = [message for batch in function.calls for message in batch if is_sick(message)]
    assert len(sick) == 4
    assert letters(records.nats_url) == EXHAUSTED
    assert rows(records.database_url) == Counter(event["eventId"] for event in good)
    [account] = [a for a in records.reconcile()["sources"] if a["source"] == FACEBOOK]
    assert (account["accepted"], account["stored"], account["deadLettered"]) == (23, 20, 3)


def test_an_event_that_was_rejected_keeps_its_own_reason(
    records: Servers, function: ScriptedFunction, start_connector: StartServed
) -> None:
    def script(_call: int, batch: Batch) -> Answer:
        rejected = [
            {"itemIdentifier": m["id"], "index": 1, "code": "too_long", "detail": ""} for m in batch
        ]
        answer = {**json.loads(failing(batch)[2]), "rejected": rejected}
        return 200, {}, json.dumps(answer).encode()

    function.script = script
    streams.publish(records.nats_url, FACEBOOK, [sick_message()])
    with start_connector(MAX_ATTEMPTS="2"):
        streams.wait_until_processed(records.nats_url, FACEBOOK)
    assert sorted(letters(records.nats_url)) == [
        EXHAUSTED[0],
        (f"{SICK}-1", "too_long"),
        EXHAUSTED[2],
    ]
    assert records.reconcile()["holds"]


OUTAGES: tuple[Answer | None, ...] = ((500, {}, b""), (429, {}, b""), (503, {}, b""), None)


def test_outages_use_up_no_attempt(
    records: Servers, function: ScriptedFunction, start_connector: StartServed, store: Store
) -> None:
    failures: list[int] = []

    def script(call: int, batch: Batch) -> Answer | None:
        if len(failures) == 2:
            return store(batch)
        if call % 5:
            return OUTAGES[call % 5 - 1]
        failures.append(call)
        return failing(batch)

    function.script = script
    streams.publish(records.nats_url, FACEBOOK, [sick_message()])
    with start_connector(MAX_ATTEMPTS="3"):
        streams.wait_until_processed(records.nats_url, FACEBOOK)
    assert len(function.calls) == 11
    assert not letters(records.nats_url)
    assert records.reconcile()["holds"]


def test_zero_is_without_end(
    records: Servers, function: ScriptedFunction, start_connector: StartServed, store: Store
) -> None:
    function.script = lambda call, batch: failing(batch) if call <= 25 else store(batch)
    streams.publish(records.nats_url, FACEBOOK, [sick_message()])
    with start_connector(MAX_ATTEMPTS="0", RETRY_MAX="0.05"):
        streams.wait_until_processed(records.nats_url, FACEBOOK)
    assert not letters(records.nats_url)
    assert records.reconcile()["holds"]


KILLED = {
    "between two letters": Point("after", "shared.stream.dead_letters:bury", 1),
    "between letters and ledger": Point(
        "before", "infra.connector.checksums:Inspection.record_rejected"
    ),
    "between ledger and ack": Point("before", "infra.connector.pulling:HeldMessage.ack"),
}


@pytest.mark.parametrize("point", KILLED.values(), ids=KILLED)
@pytest.mark.parametrize("recovered", [False, True], ids=["still failing", "recovered"])
def test_killed_while_giving_up(
    records: Servers,
    function: ScriptedFunction,
    connector_environment: dict[str, str],
    store: Store,
    point: Point,
    *,
    recovered: bool,
) -> None:
    """A function that has recovered meanwhile stores the message after all, once."""
    function.script = lambda _, batch: failing(batch)
    streams.publish(records.nats_url, FACEBOOK, [sick_message()])
    environment = {**connector_environment, "MAX_ATTEMPTS": "2"}
    with program("infra.connector", environment=environment) as connector:
        with connector.dying(point):
            pass
        if recovered:
            function.script = lambda _, batch: store(batch)
        with connector.running():
            streams.wait_until_processed(records.nats_url, FACEBOOK)
    found = letters(records.nats_url)
    if recovered:
        assert set(found) <= set(EXHAUSTED)
        assert rows(records.database_url) == Counter(name for name, _ in EXHAUSTED)
    else:
        assert found == EXHAUSTED
        assert not rows(records.database_url)
    assert records.reconcile()["holds"]


def test_an_outage_of_the_database_while_giving_up_gives_the_message_back(
    records: Servers, function: ScriptedFunction, start_connector: StartServed
) -> None:
    """The ledger comes before the acknowledgement: without it, the message stays."""
    records.execute("alter table messages rename to elsewhere")
    function.script = lambda _, batch: failing(batch)
    streams.publish(records.nats_url, FACEBOOK, [sick_message()])
    with start_connector(MAX_ATTEMPTS="2", RETRY_AFTER_MAX="0.1"):
        function.wait_for(lambda: len(function.calls) >= 4)
        assert streams.unprocessed(records.nats_url, FACEBOOK) == 1
        records.execute("alter table elsewhere rename to messages")
        streams.wait_until_processed(records.nats_url, FACEBOOK)
    assert letters(records.nats_url) == EXHAUSTED
    assert records.reconcile()["holds"]
