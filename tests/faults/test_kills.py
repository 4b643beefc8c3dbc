"""kill -9 of every process under load: what was answered 2xx is counted once, to the cent."""

import pytest
from load import FORM, Ledger, Load, kill, running
from stack import Stack, until

PROCESSES = (
    "webhook-ingest",
    "connector",
    "fb-consume",
    "ttk-consume",
    "nats",
    "postgres",
    "gateway",
    "supervisor",
)


@pytest.mark.timeout(FORM.limit)
def test_every_process_killed_again_and_again(own_stack: Stack) -> None:
    own_stack.up()
    ledger = Ledger()
    with Load(own_stack, ledger) as load:
        load.go_on()
        for _ in range(FORM.kills):
            for name in PROCESSES:
                kill(own_stack, name)
                if name == "supervisor":
                    own_stack.up()
                until(lambda name=name: running(own_stack, name) != [])  # type: ignore[misc]  # binds now
                load.go_on(6)
    ledger.prove(own_stack)
