"""Compares the facts: pure functions from what is on record to what does not hold."""

from collections.abc import Iterable
from itertools import islice

from infra.reconciling.facts import (
    HELD,
    BrokerFacts,
    DatabaseFacts,
    HeldMessages,
    Ledger,
    Letters,
    Rejection,
    Rows,
    Segments,
)
from infra.reconciling.messages import Sorted, sort_messages
from infra.reconciling.result import Balance, Difference, Reconciliation
from shared.stream.topology import EVENTS

EXAMPLES = 5
ALL = "all"


def reconcile(broker: BrokerFacts, database: DatabaseFacts) -> Reconciliation:
    """Return the account of each source and everything that does not hold."""
    names = sorted({*broker.held, *broker.consumers, *database.ledger, *database.rows})
    sorted_messages = {name: sort_messages(name, broker, database) for name in names}
    differences = [
        difference
        for name in names
        for difference in (
            *_ledger(name, database.ledger.get(name, Ledger()), database.rows.get(name, Rows())),
            *_rollups(name, database.rows.get(name, Rows())),
            *_segments(name, database.segments.get(name, Segments())),
            *_acknowledged(name, sorted_messages[name]),
            *_counted(name, broker.held.get(name, HeldMessages()), database),
            *_damaged(name, broker),
        )
    ]
    letters, notes = _letters(broker, database)
    differences += [*_identities(database), *_vanished(broker, database), *letters]
    return Reconciliation(
        sources=[_balance(name, sorted_messages[name], database) for name in names],
        differences=differences,
        notes=[*notes, *_behind(database)],
        holds=not differences,
    )


def _balance(name: str, messages: Sorted, database: DatabaseFacts) -> Balance:
    ledger = database.ledger.get(name, Ledger())
    rows = database.rows.get(name, Rows())
    unaccounted = messages.unaccounted_events
    accepted = ledger.events + messages.buried + messages.pending + unaccounted
    return Balance(
        source=name,
        accepted=accepted,
        stored=ledger.stored,
        duplicates=ledger.duplicates,
        dead_lettered=ledger.rejected + messages.buried,
        pending=messages.pending,
        unaccounted=unaccounted,
        rows=rows.rows,
        expired=rows.expired,
        rolled_up=rows.rolled_up,
        in_segments=database.segments.get(name, Segments()).events,
        revenue=rows.revenue,
    )


def _ledger(name: str, ledger: Ledger, rows: Rows) -> Iterable[Difference]:
    if ledger.unbalanced:
        yield Difference(
            name, "ledger", "0", str(ledger.unbalanced),
            "ledger rows whose events are not stored + duplicates + rejected",
            _names(ledger.unbalanced_examples),
        )  # fmt: skip
    if ledger.stored != rows.recorded:
        yield Difference(
            name, "rows", str(ledger.stored), str(rows.recorded),
            "rows of events, present or expired, against what the ledger says was stored",
            rows.count_examples,
        )  # fmt: skip


def _rollups(name: str, rows: Rows) -> Iterable[Difference]:
    if rows.count_examples or rows.recorded != rows.rolled_up:
        yield Difference(
            name, "rollups", str(rows.recorded), str(rows.rolled_up),
            "events counted in the rollups, against the rows",
            rows.count_examples,
        )  # fmt: skip
    if rows.revenue_examples or rows.revenue != rows.revenue_rolled_up:
        yield Difference(
            name, "revenue", str(rows.revenue), str(rows.revenue_rolled_up),
            "revenue in the rollups, against the rows",
            rows.revenue_examples,
        )  # fmt: skip


def _segments(name: str, segments: Segments) -> Iterable[Difference]:
    if segments.examples:
        yield Difference(
            name, "segments", str(segments.claimed), str(segments.events),
            "events in segments, as far as no rows have expired, against the rollups",
            segments.examples,
        )  # fmt: skip


def _behind(database: DatabaseFacts) -> Iterable[str]:
    if behind := sum(segments.behind for segments in database.segments.values()):
        yield f"{behind} events that an older version stored are not in segments yet"


def _acknowledged(name: str, messages: Sorted) -> Iterable[Difference]:
    if messages.lost:
        yield Difference(
            name, "acknowledged", "0", str(messages.lost),
            "messages acknowledged though neither the ledger nor a dead letter knows them",
            _names(messages.examples),
        )  # fmt: skip


def _counted(name: str, held: HeldMessages, database: DatabaseFacts) -> Iterable[Difference]:
    """Compare what the ledger says of a message with what the message says of itself."""
    wrong = [
        sequence
        for sequence, events in zip(held.sequences, held.events, strict=True)
        if database.processed[sequence]
        and database.counts[sequence] != events
        and sequence not in held.uncounted
    ]
    if wrong:
        yield Difference(
            name, "counts", "0", str(len(wrong)),
            "messages of which the ledger has another number of events than they hold",
            _names(wrong[:EXAMPLES]),
        )  # fmt: skip


def _damaged(name: str, broker: BrokerFacts) -> Iterable[Difference]:
    damaged = {**broker.letters.damaged, **broker.damaged}
    sequences = sorted(sequence for sequence, source in damaged.items() if source == name)
    if sequences:
        yield Difference(
            name, "checksum", "0", str(len(sequences)),
            "messages whose payload does not match its checksum",
            _names(sequences[:EXAMPLES]),
        )  # fmt: skip


def _identities(database: DatabaseFacts) -> Iterable[Difference]:
    rows = sum(rows.recorded for rows in database.rows.values())
    if rows != database.identities:
        yield Difference(
            ALL, "identities", str(rows), str(database.identities),
            "identities claimed, against the rows",
        )  # fmt: skip


def _vanished(broker: BrokerFacts, database: DatabaseFacts) -> Iterable[Difference]:
    """Find sequences that were given out, are not held and were never processed."""
    marks = bytearray(database.processed)
    for held in broker.held.values():
        for sequence in held.sequences:
            marks[sequence] = HELD
    for sequence in broker.letters.places:
        if sequence < len(marks):
            marks[sequence] = HELD
    marks[0] = HELD
    if vanished := marks.count(0):
        yield Difference(
            ALL, "vanished", "0", str(vanished),
            "messages that are gone from the stream though they were not processed",
            _names(islice(_zeros(marks), EXAMPLES)),
        )  # fmt: skip


def _zeros(marks: bytearray) -> Iterable[int]:
    position = marks.find(0)
    while position >= 0:
        yield position
        position = marks.find(0, position + 1)


def _letters(broker: BrokerFacts, database: DatabaseFacts) -> tuple[list[Difference], list[str]]:
    """Look for the letters of rejected events.

    A letter that was redriven or dropped cannot be told from one that never was: only what
    exceeds the number of letters that are gone is certain.
    """
    letters = broker.letters
    missing = {
        rejection.sequence: _missing(rejection, letters)
        for rejection in database.rejections
        if rejection.source in broker.consumers
        and rejection.sequence <= broker.consumers[rejection.source].floor
    }
    absent = {sequence: number for sequence, number in missing.items() if number > 0}
    total = sum(absent.values())
    if total > letters.gone:
        explanation = "rejected events without a dead letter that are not explained by redrives"
        difference = Difference(
            ALL, "letters", str(letters.gone), str(total), f"{explanation} and drops",
            _names(sorted(absent)[:EXAMPLES]),
        )  # fmt: skip
        return [difference], []
    if total:
        note = f"{total} rejected events have no dead letter now; {letters.gone} letters of any"
        return [], [f"{note} kind were redriven or dropped"]
    return [], []


def _missing(rejection: Rejection, letters: Letters) -> int:
    """Return how many letters a message lacks at least; if buried as it is, it has one."""
    if rejection.sequence in letters.damaged:
        return 0
    found = len(letters.places.get(rejection.sequence, ()))
    if rejection.whole and found <= 1:
        return 1 - found
    return rejection.events - found


def _names(sequences: Iterable[int]) -> list[str]:
    return [f"{EVENTS}:{sequence}" for sequence in sequences]
