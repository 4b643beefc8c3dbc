"""Each program is killed at each of its critical moments, started again, and nothing has changed.

What was answered 2xx is once in rows, rollups and cents, what was refused is one dead letter, and
`reconcile` finds no difference.
"""

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import killing
import psycopg
import pytest
import streams
from builders import facebook
from databases import empty_database
from integration.dead_letters.made import letter
from killing import Point, program
from nats.js import JetStreamContext
from processes import free_port
from records import Servers, command, flip_a_byte
from stack import HOOKSTREAM, revenue

from infra.dead_letters.session import work
from infra.local.servers import embedded
from shared.dead_letters.selection import Selection
from shared.store.migrations import migrate, pending
from shared.stream.topology import ensure_streams

Event = dict[str, Any]

COMMIT = "psycopg:AsyncConnection.commit"
"""The end of a transaction; a collector's first is that of a partition, its second the batch's."""

INGEST = {
    "before publication": Point("before", "shared.stream.publishing:Publisher.publish"),
    "between acknowledgement and answer": Point("after", "shared.stream.publishing:Publisher.send"),
    "between accepted events and quarantine": Point(
        "after", "functions.webhook_ingest.intake:Intake.take"
    ),
    "within quarantine": Point("after", "shared.stream.dead_letters:bury", 2),
    "between quarantine and answer": Point(
        "after", "functions.webhook_ingest.quarantine:Quarantine.keep"
    ),
}

COLLECTOR = {
    "while making a partition": Point("before", COMMIT, 1),
    "after keys are claimed": Point("before", "shared.store.copying:copy_rows"),
    "after COPY": Point("after", "shared.store.copying:copy_rows"),
    "before commit": Point("before", COMMIT, 2),
    "between commit and answer": Point("after", COMMIT, 2),
    "with the answer made": Point("after", "shared.collector:Collector.handle"),
}

CONNECTOR = {
    "between pull and call": Point("before", "infra.connector.invocation:invoke"),
    "between answer and ack": Point("before", "infra.connector.route:Route._settle"),
    "between two letters of a message": Point("after", "shared.stream.dead_letters:bury", 1),
    "between dead letter and ack": Point("before", "infra.connector.pulling:HeldMessage.ack"),
    "between two acks": Point("after", "infra.connector.pulling:HeldMessage.ack", 1),
}

DAMAGED = {
    "between ledger and letter": Point(
        "after", "infra.connector.checksums:Inspection.record_rejected"
    ),
    "between letter and ack": Point("before", "infra.connector.pulling:HeldMessage.ack"),
}

GIVING_BACK = {
    "before the first": Point("before", "infra.connector.pulling:HeldMessage.nak", 1),
    "between two": Point("after", "infra.connector.pulling:HeldMessage.nak", 1),
}

REDRIVE = {
    "between publication and deletion": Point(
        "before", "shared.dead_letters.archive:DeadLetters.delete"
    ),
    "between two deletions": Point("after", "shared.dead_letters.archive:DeadLetters._delete", 2),
    "with all deleted": Point("after", "shared.dead_letters.archive:DeadLetters.delete"),
}

EXECUTE = "psycopg:Connection.execute"
MIGRATION = {
    "before anything": Point("before", EXECUTE, 1),
    "with the lock": Point("after", EXECUTE, 2),
    "between file and record": Point("before", EXECUTE, 6),
    "between record and commit": Point("after", EXECUTE, 6),
    "between two files": Point("before", EXECUTE, 7),
}


def points(named: dict[str, Point]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("point", named.values(), ids=named)


@dataclass
class World:
    """Servers that all cases share, and what they must hold."""

    servers: Servers
    accepted: dict[str, Event] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    _standing: ExitStack = field(default_factory=ExitStack)
    _processing: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """Return what every program needs; messages of a dead connector return soon."""
        return {
            "NATS_URL": self.servers.nats_url,
            "DATABASE_URL": self.servers.database_url,
            "RETRY_BASE": "0.05",
            "RETRY_MAX": "0.2",
            "ACK_WAIT": "2",
        }

    def expect(self, good: list[Event], bad: list[Event]) -> None:
        """Expect events to be stored and dead-lettered."""
        self.accepted.update({event["eventId"]: event for event in good})
        self.refused.update(event["eventId"] for event in bad)

    def prove(self) -> None:
        """Compare rows, rollups, cents and letters with what is expected of all cases."""
        streams.wait_until_processed(self.servers.nats_url, "facebook", timeout=30)
        with psycopg.connect(self.servers.database_url) as connection:
            rows = connection.execute("select event_id from events").fetchall()
        assert Counter(name for (name,) in rows) == Counter(self.accepted.keys())
        found = self.servers.reconcile()
        [account] = [each for each in found["sources"] if each["source"] == "facebook"]
        assert account["rows"] == account["rolledUp"] == len(self.accepted)
        assert account["inSegments"] == len(self.accepted)
        assert Decimal(account["revenue"]) == revenue(list(self.accepted.values()))
        assert account["pending"] == 0
        assert self._letters() == self.refused

    def _letters(self) -> Counter[str]:
        whole = Selection()
        page = work(self.servers.nats_url, lambda s: s.letters.page(whole, 1_000, newest=False))
        return Counter(json.loads(letter.raw)["eventId"] for letter in page.letters)

    def process(self) -> None:
        """Run what stores Facebook's messages, until idle()."""
        if not self._processing:
            start, environment = self._standing.enter_context, self.environment
            collector = start(program("shared.serve", "fb-consume", environment=environment))
            start(collector.running())
            environment = self.connector(collector.url)
            connector = start(program("infra.connector", environment=environment))
            start(connector.running())
            self._processing = True

    def idle(self) -> None:
        """Stop what process() has started."""
        self._standing.close()
        self._processing = False

    def connector(self, url: str) -> dict[str, str]:
        """Return the connector's environment; there is no collector of TikTok's."""
        return {**self.environment, "FB_CONSUME_URL": url, "TTK_CONSUME_URL": url}


@pytest.fixture(scope="module")
def world(scratch: Path) -> Iterator[World]:
    """Run a broker and a migrated database for all cases."""
    with embedded(scratch / "kill-points") as running:
        migrate(running.postgres.url)
        asyncio.run(ensure_streams(running.nats.url))
        world = World(Servers(running.nats.url, running.postgres.url))
        yield world
        world.idle()


def sale() -> Event:
    return facebook("checkout.complete", purchaseAmount="3.07")


def events(good: int, bad: int) -> tuple[list[Event], list[Event]]:
    return [sale() for _ in range(good)], [facebook(age=-1) for _ in range(bad)]


@points(INGEST)
def test_ingest(world: World, point: Point) -> None:
    good, bad = events(20, 5)
    body = json.dumps([*good, *bad])
    headers = {"content-type": "application/json", "x-correlation-id": uuid.uuid4().hex}
    with program("shared.serve", "webhook-ingest", environment=world.environment) as ingest:
        with ingest.dying(point), pytest.raises(httpx2.TransportError):
            httpx2.post(ingest.url, content=body, headers=headers, timeout=30)
        with ingest.running():
            answer = httpx2.post(ingest.url, content=body, headers=headers, timeout=30)
            assert answer.status_code == 200
            assert answer.json()["quarantined"] == len(bad)
    world.expect(good, bad)
    world.process()
    world.prove()


@points(REDRIVE)
def test_redrive(world: World, point: Point) -> None:
    good, _ = events(20, 0)
    code = "invalid_amount"

    async def bury(js: JetStreamContext) -> None:
        for event in good:
            buried = letter(event, code=code)
            await js.publish("deadletter.facebook", buried.raw, headers=buried.headers())

    streams.with_jetstream(world.servers.nats_url, bury)
    line = ("deadletter", "redrive", "--code", code, "--yes", "--nats-url", world.servers.nats_url)
    run_dying(world, point, *line)
    command(*line)
    world.expect(good, [])
    world.process()
    world.prove()


def run_dying(world: World, point: Point, *arguments: str) -> None:
    """Run a `hookstream` command that dies at a point."""
    line = [sys.executable, "-m", "killing", str(point), str(HOOKSTREAM), *arguments]
    environment = killing.environment(world.environment)
    done = subprocess.run(line, env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


@points(COLLECTOR)
def test_collector(world: World, point: Point) -> None:
    good, bad = events(20, 2)
    world.idle()
    streams.publish(world.servers.nats_url, "facebook", [[*good[:12], *bad], good[12:], good[:3]])
    world.expect(good, bad)
    with (
        program("shared.serve", "fb-consume", environment=world.environment) as collector,
        program("infra.connector", environment=world.connector(collector.url)) as connector,
        connector.running(),
    ):
        with collector.dying(point):
            pass
        with collector.running():
            world.prove()


@points(CONNECTOR)
def test_connector(world: World, point: Point) -> None:
    good, bad = events(20, 2)
    world.idle()
    streams.publish(world.servers.nats_url, "facebook", [[*good[:12], *bad], good[12:]])
    world.expect(good, bad)
    with (
        program("shared.serve", "fb-consume", environment=world.environment) as collector,
        collector.running(),
        program("infra.connector", environment=world.connector(collector.url)) as connector,
    ):
        with connector.dying(point):
            pass
        with connector.running():
            world.prove()


@points(GIVING_BACK)
def test_connector_that_gives_back(world: World, point: Point) -> None:
    good, bad = events(20, 2)
    world.idle()
    streams.publish(world.servers.nats_url, "facebook", [[*good[:12], *bad], good[12:]])
    world.expect(good, bad)
    nobody = f"http://127.0.0.1:{free_port()}"
    with (
        program("infra.connector", environment=world.connector(nobody)) as connector,
        connector.dying(point),
    ):
        pass
    world.process()
    world.prove()


@points(DAMAGED)
def test_connector_with_a_damaged_message(world: World, point: Point) -> None:
    good, _ = events(10, 0)
    world.idle()
    flip_a_byte(world.servers.nats_url, "facebook", events(7, 0)[0])
    streams.publish(world.servers.nats_url, "facebook", [good])
    world.expect(good, [])
    with (
        program("shared.serve", "fb-consume", environment=world.environment) as collector,
        collector.running(),
        program("infra.connector", environment=world.connector(collector.url)) as connector,
    ):
        with connector.dying(point):
            pass
        with connector.running():
            streams.wait_until_processed(world.servers.nats_url, "facebook", timeout=30)
    found = world.servers.checks()
    assert set(found) == {"checksum"}
    assert found["checksum"]["found"] == "1"
    arguments = ("--code", "checksum_mismatch", "--yes", "--nats-url", world.servers.nats_url)
    dropped = json.loads(command("deadletter", "drop", *arguments, "--json"))
    assert dropped["dropped"] == 1
    world.prove()


@points(MIGRATION)
def test_migration(world: World, point: Point) -> None:
    server = world.servers.database_url
    with empty_database(server) as whole, empty_database(server) as url:
        run_dying(world, point, "migrate", "--database-url", url)
        assert pending(url)
        command("migrate", "--database-url", url)
        assert not pending(url)
        command("migrate", "--database-url", whole)
        assert shape(url) == shape(whole)


def shape(url: str) -> list[tuple[object, ...]]:
    """Return the columns of all tables and the sources of all functions."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' union all"
            " select proname, prosrc, '' from pg_proc"
            " where pronamespace = 'public'::regnamespace order by 1, 2, 3"
        ).fetchall()
