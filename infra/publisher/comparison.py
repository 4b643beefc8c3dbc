"""Compares the reports' growth with the ledger, kind by kind."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from infra.publisher.kinds import KINDS, REVENUE_CODES
from infra.publisher.ledger import Disagreement, Ledger
from infra.publisher.reports import Snapshot

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it was sent, accepted and reported (events, transactions or money).

    `unknown` is how much more may have been accepted by requests whose outcome nobody knows.
    """

    sent: Decimal
    accepted: Decimal
    reported: Decimal
    unknown: Decimal = _NOTHING

    @property
    def difference(self) -> Decimal:
        """How far `reported` is from what it may be: negative below, 0 where they agree."""
        most = self.accepted + self.unknown
        below = min(self.reported - self.accepted, _NOTHING)
        return below + max(self.reported - most, _NOTHING)


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison for each code of KINDS; money only where the kind is revenue.

    `objections` say in words what is wrong and are empty when nothing is; `notes` are for people.
    """

    events: dict[int, Figure]
    transactions: dict[int, Figure]
    revenue: dict[int, Figure]
    objections: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Whether what was sent is what is reported."""
        return not self.objections

    @property
    def agrees(self) -> bool:
        """Whether every figure agrees, whatever was wrong with the answers."""
        return not any(figure.difference for figure in self._figures())

    @property
    def overcounted(self) -> bool:
        """Whether a report holds more than can have been sent: waiting does not mend that."""
        return any(figure.difference > 0 for figure in self._figures())

    def _figures(self) -> tuple[Figure, ...]:
        return (*self.events.values(), *self.transactions.values(), *self.revenue.values())


def compare(ledger: Ledger, before: Snapshot, after: Snapshot, *, allow_unknown: bool) -> Proof:
    """Return the proof of the growth from `before` to `after`."""
    unknown = ledger.unknown
    proof = Proof(
        events={
            code: Figure(
                Decimal(ledger.sent.events[code]),
                Decimal(ledger.accepted.events[code]),
                Decimal(after.events[code] - before.events[code]),
                Decimal(unknown.events[code]),
            )
            for code in range(len(KINDS))
        },
        transactions={
            code: Figure(
                Decimal(ledger.sent.events[code]),
                Decimal(ledger.accepted.events[code]),
                Decimal(after.transactions[code] - before.transactions[code]),
                Decimal(unknown.events[code]),
            )
            for code in REVENUE_CODES
        },
        revenue={
            code: Figure(
                ledger.sent.revenue(code),
                ledger.accepted.revenue(code),
                after.revenue[code] - before.revenue[code],
                unknown.revenue(code),
            )
            for code in REVENUE_CODES
        },
    )
    proof.objections.extend(objections(ledger, allow_unknown=allow_unknown))
    proof.objections.extend(_differences("events", proof.events))
    proof.objections.extend(_differences("transactions", proof.transactions))
    proof.objections.extend(_differences("revenue", proof.revenue))
    return proof


def objections(ledger: Ledger, *, allow_unknown: bool) -> list[str]:
    """Return what is wrong with the answers alone, before any report is read."""
    found = []
    unknown = ledger.unknown.total
    if unknown and not allow_unknown:
        found.append(f"{unknown:,} events have an unknown outcome: their requests were given up")
    refused = ledger.sent.total - ledger.accepted.total - unknown
    if refused:
        found.append(f"{refused:,} valid events were not accepted")
    found.extend(_described("valid events were refused", ledger.wrongly_refused))
    found.extend(_described("corrupt events were accepted", ledger.wrongly_accepted))
    return found


def _described(what: str, disagreement: Disagreement) -> list[str]:
    if not disagreement.count:
        return []
    return [f"{disagreement.count:,} {what}, such as: {'; '.join(disagreement.examples)}"]


def _differences(what: str, figures: dict[int, Figure]) -> list[str]:
    return [
        f"{what} of {KINDS[code].source} {KINDS[code].type}: {figure.difference:+,} reported"
        for code, figure in figures.items()
        if figure.difference
    ]
