"""Links that are cut, stall, crawl, are reset or break off answers: nothing lost, nothing twice."""

import pytest
from load import Load
from proxies import Fault
from rigs import Rig
from stack import until

FAULTS = (Fault.CUT, Fault.STALL, Fault.SLOW, Fault.RESET, Fault.HALF)


@pytest.mark.parametrize("link", ["broker", "database", "collectors"])
def test_a_link_with_every_fault(rig: Rig, link: str) -> None:
    proxy = rig.links[link]
    with Load(rig.stack, rig.ledger, senders=2) as load:
        for fault in FAULTS:
            load.go_on(5)
            with proxy.broken(fault):
                load.go_on_for(1)
                until(lambda: proxy.touched > 0)
    rig.ledger.prove(rig.stack)
