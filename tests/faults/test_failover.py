"""The database fails over to its standby under load: nothing lost, nothing twice."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from load import FORM, Ledger, Load
from stack import Stack, until
from standbys import Pair, primary_and_standby

AWAY = 2.0
"""Seconds between the primary's end and the standby's promotion."""


@pytest.fixture
def pair(state: Path) -> Iterator[Pair]:
    with primary_and_standby(state / "pair") as pair:
        yield pair


@pytest.mark.timeout(FORM.limit)
def test_the_standby_takes_over(
    own_stack: Stack, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    own_stack.up("--database-url", pair.url)
    ledger = Ledger()
    with Load(own_stack, ledger) as load:
        load.go_on(20)
        until(lambda: own_stack.rows().total() > 0)
        since = time.monotonic()
        pair.primary.kill()
        load.go_on_for(AWAY)
        before = own_stack.rows().total()
        pair.fail_over()
        promoted = time.monotonic()
        until(lambda: own_stack.rows().total() > before, 60)
        with capsys.disabled():
            sys.stdout.write(f"stored again {time.monotonic() - promoted:.1f} s after promotion\n")
        load.go_on()
        assert {answer.status for answer in load.between(since, time.monotonic())} == {200}
    ledger.prove(own_stack)
