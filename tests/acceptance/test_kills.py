"""kill -9 while events flow: everything that was answered 2xx is counted once."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx2
import psutil
import pytest
from builders import facebook, tiktok
from stack import Stack, counts, reported, revenue, until

PER_REQUEST = 1_000
REQUESTS = 200


def events(number: int) -> list[dict[str, Any]]:
    """Return the events of one request, a quarter of each kind."""
    kinds = (
        lambda: facebook("checkout.complete", purchaseAmount=f"{number}.01"),
        facebook,
        lambda: tiktok("purchase", purchaseAmount="0.99"),
        tiktok,
    )
    return [kinds[index % 4]() for index in range(PER_REQUEST)]


@pytest.mark.timeout(240)
def test_kills_under_load(stack: Stack) -> None:
    """Requests without a 2xx are repeated: their events may be stored, but count once."""
    lost = threading.Semaphore(0)

    def deliver(number: int) -> list[dict[str, Any]]:
        batch = events(number)
        while True:
            try:
                answer = stack.post(batch)
            except httpx2.TransportError:
                lost.release()
                continue
            if answer.status_code == 200:
                assert answer.json()["accepted"] == PER_REQUEST
                return batch
            assert answer.status_code in (429, 502, 503, 504)
            lost.release()

    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(deliver, number) for number in range(REQUESTS)]
        for done, name in ((20, "fb-consume"), (60, "connector"), (100, "webhook-ingest"),
                           (130, "ttk-consume"), (160, "connector")):  # fmt: skip
            until(lambda done=done: _done(sending) >= done, timeout=60)  # type: ignore[misc]  # bound now
            _kill(stack, name)
        sent = [event for future in sending for event in future.result()]
    stack.settle(len(sent), timeout=90)
    assert reported(stack.report("events")) == counts(sent) == stack.rows()
    assert Decimal(stack.report("revenue")["totalRevenue"]) == revenue(sent)


def _done(sending: list[Future[Any]]) -> int:
    return sum(future.done() for future in sending)


def _kill(stack: Stack, name: str) -> None:
    """Kill a process of that name; one that is gone by now is waited for."""

    def killed() -> bool:
        try:
            victims = stack.processes(name)
            for victim in victims[:1]:
                victim.kill()
        except psutil.NoSuchProcess:
            return False
        return bool(victims)

    until(killed, timeout=20)
