"""Whatever becomes of messages, the account adds up, and nothing sound is called different."""

from array import array
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from infra.reconciling.checks import reconcile
from infra.reconciling.facts import (
    BrokerFacts,
    ConsumerState,
    DatabaseFacts,
    HeldMessages,
    Ledger,
    Letters,
    Rejection,
    Rows,
)

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGES = st.lists(st.tuples(st.sampled_from(["processed", "buried", "new"]), st.integers(1, 9)))


def facts(messages: list[tuple[str, int]], floor: int) -> tuple[BrokerFacts, DatabaseFacts]:
    """Return the facts of one source whose messages are in these states, from sequence 1 on."""
    held, letters, processed = HeldMessages(), Letters(), bytearray(len(messages) + 1)
    counts = array("I", [0, *(events for _, events in messages)])
    for sequence, (state, events) in enumerate(messages, start=1):
        held.add(sequence, events)
        processed[sequence] = state == "processed"
        if state == "buried":
            letters.places[sequence] = set(range(events))
    stored = sum(events for state, events in messages if state == "processed")
    new = sum(state == "new" for state, _ in messages[floor:])
    return (
        BrokerFacts(
            created=CREATED,
            last_sequence=len(messages),
            held={"facebook": held},
            consumers={"facebook": ConsumerState(floor, new)},
            letters=letters,
        ),
        DatabaseFacts(
            ledger={"facebook": Ledger(len(messages), stored, stored)},
            rows={"facebook": Rows(stored, stored, Decimal(1), Decimal(1))},
            identities=stored,
            processed=processed,
            counts=counts,
            rejections=[],
        ),
    )


@given(MESSAGES)
def test_unprocessed_messages_beyond_the_floor_are_pending(
    messages: list[tuple[str, int]],
) -> None:
    found = reconcile(*facts(messages, floor=0))
    [account] = found.sources
    assert found.holds
    assert account.pending == sum(events for state, events in messages if state == "new")
    assert account.accepted == sum(events for _, events in messages)


@given(MESSAGES, st.data())
def test_what_is_acknowledged_and_nowhere_is_unaccounted(
    messages: list[tuple[str, int]], data: st.DataObject
) -> None:
    floor = data.draw(st.integers(0, len(messages)))
    found = reconcile(*facts(messages, floor))
    [account] = found.sources
    lost = [events for state, events in messages[:floor] if state == "new"]
    assert account.unaccounted == sum(lost)
    assert found.holds == (not lost)
    assert account.accepted == (
        account.stored
        + account.duplicates
        + account.dead_lettered
        + account.pending
        + account.unaccounted
    )


def test_missing_letters_beyond_those_that_are_gone_are_a_difference() -> None:
    broker, database = facts([("processed", 5), ("processed", 2)], floor=2)
    database.rejections = [Rejection(1, "facebook", 3, whole=False)]
    broker.letters.places[1] = {0}
    broker.letters.gone = 2
    found = reconcile(broker, database)
    assert found.holds
    assert found.notes
    broker.letters.gone = 1
    [difference] = reconcile(broker, database).differences
    assert (difference.check, difference.found) == ("letters", "2")


def test_letters_are_not_asked_for_before_the_message_is_acknowledged() -> None:
    broker, database = facts([("processed", 5)], floor=0)
    database.rejections = [Rejection(1, "facebook", 5, whole=True)]
    found = reconcile(broker, database)
    assert found.holds
    assert not found.notes


def test_a_sequence_that_is_nowhere_has_vanished() -> None:
    broker, database = facts([("processed", 1)], floor=1)
    database.processed += b"\0"
    [difference] = reconcile(broker, database).differences
    assert (difference.check, difference.examples) == ("vanished", ["EVENTS:2"])
