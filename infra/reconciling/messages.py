"""Sorts the messages that the stream holds: processed, buried whole, pending or lost."""

from dataclasses import dataclass, field

from infra.reconciling.facts import BrokerFacts, DatabaseFacts

EXAMPLES = 5


@dataclass(slots=True)
class Sorted:
    """Events of a source's messages that the ledger does not have, by what became of them.

    `lost` counts messages: those up to the consumer's floor, and those beyond it that exceed what
    the consumer still has to deliver or to see acknowledged.
    """

    buried: int = 0
    pending: int = 0
    pending_messages: int = 0
    lost: int = 0
    unaccounted_events: int = 0
    examples: list[int] = field(default_factory=list)


def sort_messages(source: str, broker: BrokerFacts, database: DatabaseFacts) -> Sorted:
    """Sort a source's messages."""
    found = Sorted()
    held = broker.held.get(source)
    state = broker.consumers.get(source)
    if held is None or state is None:
        return found
    beyond: list[int] = []
    for sequence, events in zip(held.sequences, held.events, strict=True):
        if database.processed[sequence]:
            continue
        if broker.letters.covers(sequence, events):
            found.buried += events
        elif sequence <= state.floor:
            _lose(found, sequence, events)
        else:
            found.pending += events
            found.pending_messages += 1
            beyond = beyond if len(beyond) == EXAMPLES else [*beyond, sequence]
    surplus = found.pending_messages - state.unacknowledged
    if surplus > 0:
        # Which of them were acknowledged is not on record; how many were is.
        found.lost += surplus
        found.examples = [*found.examples, *beyond][:EXAMPLES]
    return found


def _lose(found: Sorted, sequence: int, events: int) -> None:
    found.lost += 1
    found.unaccounted_events += events
    if len(found.examples) < EXAMPLES:
        found.examples.append(sequence)
