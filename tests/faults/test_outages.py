"""A server that is away or frozen under load: refusals are honest, and nothing is lost."""

import time

import pytest
from load import FORM, Load
from rigs import Outage, Rig, frozen, stopped
from stack import until


@pytest.fixture(params=[stopped, frozen], ids=["stopped", "frozen"])
def outage(request: pytest.FixtureRequest) -> Outage:
    """Return how the server goes away."""
    return request.param  # type: ignore[no-any-return]


@pytest.mark.timeout(FORM.limit)
def test_without_postgresql_ingest_goes_on(rig: Rig, outage: Outage) -> None:
    with Load(rig.stack, rig.ledger) as load:
        load.go_on()
        since = time.monotonic()
        with outage(rig.servers.postgres):
            load.go_on_for(FORM.outage)
            meanwhile = load.between(since, time.monotonic())
        load.go_on()
    assert len(meanwhile) > FORM.outage
    assert {answer.status for answer in meanwhile} == {200}
    rig.ledger.prove(rig.stack, timeout=60)


@pytest.mark.timeout(FORM.limit)
def test_without_the_broker_ingest_says_so_at_once(rig: Rig, outage: Outage) -> None:
    with Load(rig.stack, rig.ledger) as load:
        load.go_on()
        with outage(rig.servers.nats):
            since = time.monotonic()
            load.go_on_for(FORM.outage)
            meanwhile = load.between(since, time.monotonic())
        back = time.monotonic()
        until(lambda: load.accepted_since(back) > 0, timeout=3)
    assert len(meanwhile) > FORM.outage
    assert {answer.status for answer in meanwhile} == {503}
    assert all(int(answer.retry_after or 0) >= 1 for answer in meanwhile)
    assert max(answer.seconds for answer in meanwhile) < 1
    rig.ledger.prove(rig.stack)
