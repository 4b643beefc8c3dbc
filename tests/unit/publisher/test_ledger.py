"""The ledger's arithmetic: each event once, money in exact decimals."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from infra.publisher.batch import Batch
from infra.publisher.kinds import CODES, INVALID
from infra.publisher.ledger import Ledger

CHECKOUT = CODES["facebook", "checkout.complete"]
VIEW = CODES["facebook", "ad.view"]


def batch(
    kinds: list[int], cents: dict[int, int] | None = None, numbers: list[int] | None = None
) -> Batch:
    identities = range(len(kinds)) if numbers is None else numbers
    return Batch([], bytearray(kinds), cents or {}, identities)


def settled(*batches: Batch) -> Ledger:
    ledger = Ledger()
    for each in batches:
        ledger.send(each)
        ledger.settle(each, {i: "bad" for i, kind in enumerate(each.kinds) if kind == INVALID})
    return ledger


@given(st.lists(st.integers(1, 10**14), max_size=50))
def test_revenue_is_exact_however_large(cents: list[int]) -> None:
    ledger = settled(batch([CHECKOUT] * len(cents), dict(enumerate(cents))))
    expected = sum((Decimal(f"{c // 100}.{c % 100:02d}") for c in cents), Decimal(0))
    assert ledger.accepted.revenue(CHECKOUT) == expected
    assert ledger.sent.events[CHECKOUT] == len(cents)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), max_size=8))
def test_an_event_counts_once_however_often_it_is_sent(numbers: list[list[int]]) -> None:
    """Event n costs 10.0n."""
    batches = [
        batch([CHECKOUT] * len(each), {i: 1000 + n for i, n in enumerate(each)}, each)
        for each in numbers
    ]
    ledger = settled(*batches)
    unique = {number for each in numbers for number in each}
    assert ledger.sent == ledger.accepted
    assert ledger.accepted.total == len(unique)
    assert ledger.accepted.cents[CHECKOUT] == sum(1000 + number for number in unique)


def test_refusing_exactly_the_corrupt_events_is_no_disagreement() -> None:
    ledger = settled(batch([VIEW, INVALID, CHECKOUT], {2: 999}))
    assert ledger.corrupt_sent == ledger.corrupt_refused == 1
    assert ledger.wrongly_accepted.count == ledger.wrongly_refused.count == 0
    assert ledger.accepted.total == 2
    assert ledger.accepted.revenue(CHECKOUT) == Decimal("9.99")


def test_a_refused_valid_event_and_an_accepted_corrupt_one_are_noticed() -> None:
    ledger = Ledger()
    sent = batch([VIEW, INVALID, CHECKOUT], {2: 999})
    ledger.send(sent)
    ledger.settle(sent, {0: "too_long"})
    assert ledger.wrongly_refused.examples == ["facebook ad.view at index 0: too_long"]
    assert ledger.wrongly_accepted.count == 1
    assert ledger.accepted.total == 1


def test_an_index_outside_the_request_is_noticed() -> None:
    ledger = Ledger()
    sent = batch([VIEW])
    ledger.send(sent)
    ledger.settle(sent, {7: "bad"})
    assert "index 7 is outside" in ledger.wrongly_refused.examples[0]


def test_events_of_a_lost_request_are_unknown_until_a_repetition_is_accepted() -> None:
    ledger = Ledger()
    lost = batch([VIEW, CHECKOUT, INVALID], {1: 500})
    repetition = batch([CHECKOUT], {0: 500}, [1])
    for each in (lost, repetition):
        ledger.send(each)
    ledger.lose(lost)
    assert ledger.unknown.total == 2
    assert ledger.unknown.revenue(CHECKOUT) == Decimal("5.00")
    ledger.settle(repetition, {})
    assert ledger.unknown.total == 1
    assert ledger.unknown.cents[CHECKOUT] == 0
    assert ledger.accepted.revenue(CHECKOUT) == Decimal("5.00")


def test_losing_what_was_accepted_before_leaves_it_accepted() -> None:
    ledger = settled(batch([VIEW], numbers=[0]))
    again = batch([VIEW], numbers=[0])
    ledger.send(again)
    ledger.lose(again)
    assert ledger.unknown.total == 0
    assert ledger.accepted.total == 1
