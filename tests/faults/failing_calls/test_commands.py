"""Redrive and reconcile: each tells what is true, whichever call failed."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import streams
from builders import facebook
from failing import Calls, broker_calls, database_calls
from integration.dead_letters.made import letter
from loops import Event, chosen, numbers, prove, sale
from records import Servers
from typer.testing import CliRunner

from infra.cli import app
from infra.dead_letters.session import connected
from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.redrive import Order, Redriver
from shared.dead_letters.selection import Selection
from shared.stream.publishing import Publisher


def test_redrive(records: Servers) -> None:
    good: list[Event] = []
    every = Order(selection=Selection())
    settings = chosen(records)

    async def loop() -> int:
        async with connected(records.nats_url, "test") as broker:
            found = DeadLetters(broker)
            redriver = Redriver(found, Publisher(broker, 5, 5), settings)
            js = broker.jetstream
            for number, when in numbers():
                events = [sale() for _ in range(3)]
                good.extend(events)
                for event in events:
                    buried = letter(event, stage="ingest")
                    await js.publish("deadletter.facebook", buried.raw, headers=buried.headers())
                with broker_calls(number, when, broker.client) as calls:
                    outcome = await redriver.redrive(every)
                assert outcome.done <= 3
                assert (outcome.problem is not None) or outcome.done == 3
                again = await redriver.redrive(every)
                assert again.problem is None
                assert not (await found.page(Selection(), 10)).letters
                if not calls.failed:
                    break
        return number

    assert asyncio.run(loop()) > 6
    records.process()
    prove(records, good)


@pytest.mark.parametrize("away", [broker_calls, database_calls])
def test_reconcile(
    records: Servers, away: Callable[[int, str], AbstractContextManager[Calls]]
) -> None:
    """It says that a server is away; it neither invents a difference nor overlooks one."""
    good = [sale() for _ in range(10)]
    packs = [[*good[:6], facebook(age=-1)], good[6:]]
    streams.publish(records.nats_url, "facebook", packs)
    records.process()
    arguments = ["--nats-url", records.nats_url, "--database-url", records.database_url, "--json"]

    def loop() -> int:
        for number, when in numbers():
            with away(number, when) as calls:
                done = CliRunner().invoke(app, ["reconcile", *arguments])
            if done.exit_code == 0:
                [account] = [
                    a for a in json.loads(done.stdout)["sources"] if a["source"] == "facebook"
                ]
                assert (account["stored"], account["deadLettered"]) == (10, 1)
            else:
                assert done.exit_code == 2, (done.output, done.exception)
                assert "is away" in done.stderr or "connection" in done.stderr
            if not calls.failed:
                assert done.exit_code == 0
                break
        return number

    assert loop() > 5
