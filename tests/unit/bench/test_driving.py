"""Pacing: when bodies go out and what counts as an answer's time."""

import asyncio
import time
from collections.abc import Iterator
from itertools import repeat

import pytest

from infra.bench.driving import Driver
from infra.publisher.batch import Batch
from infra.publisher.bodies import Body
from infra.publisher.flow import Pace
from infra.publisher.sender import Delivery, Verdict


def some(number: int | None, events: int = 1) -> Iterator[Body]:
    batch = Batch([], bytearray(events), {}, range(events))
    body = Body(b"[]", {}, batch)
    return repeat(body) if number is None else repeat(body, number)


class Stack:
    """Answers after `seconds`, as many at once as come."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self.sent: list[float] = []
        self.times: list[float] = []
        self.most = self._now = 0

    def sending(self, _: Body) -> None:
        self.sent.append(time.monotonic())

    async def deliver(self, body: Body) -> Delivery:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(self.seconds)
        self._now -= 1
        return Delivery(body, Verdict.ANSWERED, 1, self.seconds, time.monotonic(), {})

    def drive(
        self,
        bodies: Iterator[Body],
        concurrency: int,
        pace: Pace | None = None,
        seconds: float | None = None,
    ) -> float:
        driver = Driver(
            self.deliver, self.sending, lambda _, t: self.times.append(t), concurrency, pace
        )
        start = time.monotonic()
        asyncio.run(driver.run(bodies, seconds))
        return time.monotonic() - start


def test_without_a_pace_as_many_as_allowed_are_in_flight() -> None:
    stack = Stack(0.01)
    stack.drive(some(40), 4)
    assert len(stack.times) == 40
    assert stack.most == 4


def test_without_a_pace_it_ends_with_the_time() -> None:
    stack = Stack(0.01)
    assert 0.2 <= stack.drive(some(None), 2, seconds=0.2) < 1
    assert 4 <= len(stack.times) <= 42


def test_at_a_rate_events_are_paced_not_requests() -> None:
    stack = Stack()
    took = stack.drive(some(6, events=50), 8, Pace(rate=1000))
    assert took == pytest.approx(0.25, abs=0.1)
    gaps = [after - before for before, after in zip(stack.sent, stack.sent[1:], strict=False)]
    assert min(gaps) > 0.02


def test_at_a_rate_only_what_is_due_in_time_is_sent() -> None:
    stack = Stack()
    stack.drive(some(None), 8, Pace(rate=100), seconds=0.3)
    assert 15 <= len(stack.sent) <= 30  # a busy machine misses some that are due at the end


def test_bodies_go_out_when_due_whether_or_not_answers_came() -> None:
    stack = Stack(0.5)
    stack.drive(some(5), 8, Pace(rate=100))
    assert stack.sent[-1] - stack.sent[0] < 0.3
    assert stack.most == 5


def test_an_answers_time_counts_from_when_its_body_was_due() -> None:
    stack = Stack(0.1)
    stack.drive(some(4), 1, Pace(rate=1000))
    assert stack.times == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.08)


def test_a_pace_that_is_too_fast_ends_with_the_time() -> None:
    stack = Stack(0.05)
    assert stack.drive(some(None), 2, Pace(rate=10_000), seconds=0.3) < 0.6
    assert 4 <= len(stack.sent) <= 14


def test_what_a_delivery_raises_is_raised() -> None:
    class Broken(Stack):
        async def deliver(self, body: Body) -> Delivery:
            raise KeyError(len(body.batch))

    with pytest.raises(ExceptionGroup) as raised:
        Broken().drive(some(3), 1)
    assert raised.group_contains(KeyError)
