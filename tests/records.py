"""The servers of a reconciliation, the pipeline around them, and damage to both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import streams
from databases import login
from nats.js import JetStreamContext
from processes import serve
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from infra.cli import app
from shared.stream.packing import Origin, Pack, join, subject

_TABLES = ("events", "event_keys", "rollup_types", "rollup_seconds", "messages", "segments")


@dataclass
class Servers:
    """The broker and the database of a test, and the programs around them."""

    nats_url: str
    database_url: str

    @contextmanager
    def collectors(self) -> Iterator[dict[str, str]]:
        """Run both collectors and yield their URLs by the connector's settings."""
        environment = {"DATABASE_URL": login(self.database_url, "collector")}
        with (
            serve("shared.serve", "fb-consume", environment=environment) as fb,
            serve("shared.serve", "ttk-consume", environment=environment) as ttk,
        ):
            yield {"FB_CONSUME_URL": fb.url, "TTK_CONSUME_URL": ttk.url}

    @contextmanager
    def pipeline(self) -> Iterator[dict[str, str]]:
        """Run the connector and both collectors."""
        url = login(self.database_url, "connector")
        environment = {"NATS_URL": self.nats_url, "DATABASE_URL": url}
        with (
            self.collectors() as urls,
            serve("infra.connector", environment={**environment, "RETRY_BASE": "0.05", **urls}),
        ):
            yield urls

    def process(self) -> None:
        """Let the pipeline process everything that the stream holds."""
        with self.pipeline():
            streams.wait_until_processed(self.nats_url, "facebook", "tiktok")

    def execute(self, statement: str) -> int:
        """Run one statement on the database and return how many rows it changed."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement.encode()).rowcount

    @contextmanager
    def tampered(self, statement: str) -> Iterator[None]:
        """Run a statement that changes one row, and put every table back afterwards."""
        self._for_each_table("create table {saved} as table {table}")
        assert self.execute(statement) == 1
        yield
        self._for_each_table("delete from {table}")
        self._for_each_table("insert into {table} overriding system value select * from {saved}")
        self._for_each_table("drop table {saved}")

    def _for_each_table(self, statement: LiteralString) -> None:
        with psycopg.connect(self.database_url) as connection:
            for table in _TABLES:
                names = {"table": Identifier(table), "saved": Identifier(f"saved_{table}")}
                connection.execute(SQL(statement).format(**names))

    def reconcile(self, *options: str, expect: int = 0) -> dict[str, Any]:
        """Run `hookstream reconcile --json` and return its answer."""
        arguments = ("--nats-url", self.nats_url, "--database-url", self.database_url)
        answer = command("reconcile", *arguments, "--json", *options, expect=expect)
        return json.loads(answer)  # type: ignore[no-any-return]

    def checks(self, *options: str) -> dict[str, dict[str, Any]]:
        """Reconcile what does not hold and return the differences by check."""
        found = self.reconcile(*options, expect=1)
        return {difference["check"]: difference for difference in found["differences"]}


def command(*arguments: str, expect: int = 0) -> str:
    """Run a `hookstream` command and return its standard output."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == expect, (done.output, done.exception)
    return done.stdout


def flip_a_byte(url: str, source: str, events: list[dict[str, Any]]) -> None:
    """Publish a message of which a byte was flipped after it was packed."""
    content, headers = _packed(source, events)
    position = len(content) // 2
    flipped = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
    _publish(url, source, flipped, headers)


def cut_short(url: str, source: str, events: list[dict[str, Any]]) -> None:
    """Publish a message that lost its second half after it was packed."""
    content, headers = _packed(source, events)
    _publish(url, source, content[: len(content) // 2], headers)


def _packed(source: str, events: list[dict[str, Any]]) -> tuple[bytes, dict[str, str]]:
    raw = join([json.dumps(event).encode() for event in events])
    return Pack(source, raw, [(Origin("damaged", datetime.now(UTC)), len(events))]).message()


def _publish(url: str, source: str, content: bytes, headers: dict[str, str]) -> None:
    async def send(js: JetStreamContext) -> None:
        await js.publish(subject(source), content, headers=headers)

    streams.with_jetstream(url, send)
