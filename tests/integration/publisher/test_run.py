"""Whole runs against a real HTTP server: sending, retrying, proving."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from receiver import Receiver, running, until

from infra.publisher.flow import Pace
from infra.publisher.generator import PROFILES, Plan
from infra.publisher.retry import RetryPolicy
from infra.publisher.run import Job, Outcome, Run
from infra.publisher.summary import summary

FAST = RetryPolicy(lasting=20, base=0.01, most=0.05)


def carry_out(receiver: Receiver, job: Job) -> Outcome:
    async def scenario() -> Outcome:
        async with running(receiver) as url:
            return await Run(replace(job, gateway=url))()

    return asyncio.run(scenario())


def job(plan: Plan) -> Job:
    return Job(plan=plan, gateway="", retry=FAST)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", ["array", "object", "ndjson"])
@pytest.mark.parametrize("encoding", ["none", "gzip", "zstd"])
def test_what_is_sent_is_proved_in_every_form(profile: str, form: str, encoding: str) -> None:
    plan = Plan(profile=profile, number=600, batch=(50, 150), duplicates=0.1, invalid=0.1)
    receiver = Receiver()
    outcome = carry_out(receiver, replace(job(plan), form=form, encoding=encoding))
    assert outcome.objections == []
    assert outcome.ok
    assert outcome.proof is not None
    assert outcome.ledger.accepted.total == len(receiver.events)
    assert outcome.ledger.corrupt_refused == outcome.ledger.corrupt_sent > 0
    assert outcome.progress.events == 600


def test_single_events() -> None:
    receiver = Receiver()
    plan = Plan(number=60, batch=(1, 1), invalid=0.1, duplicates=0.1)
    outcome = carry_out(receiver, replace(job(plan), form="single", concurrency=8))
    assert outcome.ok
    assert len(receiver.bodies) == 60
    assert all(body.startswith(b"{") for body in receiver.bodies)


def test_events_that_were_there_before_do_not_disturb_the_proof() -> None:
    receiver = Receiver()
    for _ in range(2):
        assert carry_out(receiver, job(Plan(number=300))).ok
    assert len(receiver.events) == 600


@pytest.mark.parametrize("fault", [429, 502, 503, 500, 0, -1])
def test_a_failed_request_is_sent_again_byte_for_byte_and_counts_once(fault: int) -> None:
    receiver = Receiver()
    receiver.faults = [fault, fault]
    outcome = carry_out(receiver, job(Plan(number=100, batch=(100, 100))))
    assert outcome.ok
    assert outcome.progress.retries == 2
    assert len(receiver.bodies) == 3
    assert len(set(receiver.bodies)) == 1


def test_retry_after_is_obeyed() -> None:
    receiver = Receiver()
    receiver.faults, receiver.retry_after = [503], "1"
    outcome = carry_out(receiver, job(Plan(number=10)))
    assert outcome.ok
    assert outcome.progress.seconds >= 1


@pytest.mark.parametrize("status", [400, 401, 413])
def test_a_request_that_is_refused_as_a_whole_is_not_sent_again(status: int) -> None:
    receiver = Receiver()
    receiver.faults = [status]
    outcome = carry_out(receiver, replace(job(Plan(number=20, batch=(10, 10))), prove_wait=0.0))
    assert not outcome.ok
    assert outcome.progress.retries == 0
    assert outcome.objections == ["10 valid events were not accepted"]
    assert outcome.progress.problems == [f"HTTP {status} broken as asked (attempts: 1)"]


def give_up(*, stored: bool, allow_unknown: bool) -> Outcome:
    receiver = Receiver()
    receiver.faults = [-1 if stored else 503]
    plan = Plan(number=20, batch=(10, 10))
    never = RetryPolicy(lasting=0)
    return carry_out(
        receiver,
        replace(job(plan), retry=never, concurrency=1, prove_wait=1.0, allow_unknown=allow_unknown),
    )


@pytest.mark.parametrize("stored", [True, False])
def test_an_unknown_outcome_fails_and_is_told(stored: bool) -> None:  # noqa: FBT001
    outcome = give_up(stored=stored, allow_unknown=False)
    assert outcome.objections == ["10 events have an unknown outcome: their requests were given up"]


@pytest.mark.parametrize("stored", [True, False])
def test_an_unknown_outcome_may_be_allowed_for(stored: bool) -> None:  # noqa: FBT001
    outcome = give_up(stored=stored, allow_unknown=True)
    assert outcome.ok
    assert outcome.ledger.unknown.total == 10


def test_an_accepted_event_that_no_report_shows_is_a_difference() -> None:
    receiver = Receiver()
    receiver.lost = 3
    outcome = carry_out(receiver, replace(job(Plan(number=50, seed=3)), prove_wait=0.5))
    assert outcome.proof is not None
    assert sum(figure.difference for figure in outcome.proof.events.values()) == -3
    assert not outcome.ok


def test_events_of_another_publisher_are_a_difference() -> None:
    receiver = Receiver()
    receiver.lost = 7
    plan = Plan(number=50, batch=(10, 10))

    async def scenario() -> Outcome:
        async with running(receiver) as url:
            run = Run(Job(plan=Plan(number=7), gateway=url, prove=False))
            await run()
            slow = Job(plan=plan, gateway=url, pace=Pace(interval=0.1))
            task = asyncio.create_task(Run(slow)())
            await until(lambda: len(receiver.bodies) > 2)
            receiver.lost = 0
            return await task

    outcome = asyncio.run(scenario())
    assert outcome.proof is not None
    assert outcome.proof.overcounted
    assert sum(figure.difference for figure in outcome.proof.events.values()) == 7


def test_the_rate_is_kept() -> None:
    outcome = carry_out(
        Receiver(), replace(job(Plan(number=300, batch=(10, 10))), pace=Pace(rate=600))
    )
    assert outcome.ok
    assert outcome.progress.seconds >= 0.48


def test_headers_go_with_each_request() -> None:
    receiver = Receiver()
    carry_out(
        receiver,
        replace(job(Plan(number=5)), headers={"authorization": "Bearer x"}, encoding="zstd"),
    )
    (headers,) = receiver.headers
    assert headers["authorization"] == "Bearer x"
    assert headers["content-type"] == "application/json"
    assert headers["content-encoding"] == "zstd"


def test_the_summary_is_plain_json() -> None:
    outcome = carry_out(Receiver(), job(Plan(number=500, seed=1)))
    document = msgspec.json.decode(msgspec.json.encode(summary(outcome)))
    assert document["proved"] is True
    assert document["unique"] == {"sent": 500, "accepted": 500, "unknown": 0, "reported": 500}
    assert document["revenue"]["sent"] == document["revenue"]["reported"]
    assert sum(group["reported"] for group in document["groups"]) == 500
