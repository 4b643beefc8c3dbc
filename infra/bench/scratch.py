"""A database and a stream of the benchmark's own, beside those of the stack."""

import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import nats
import psycopg
import stamina
from nats.js import api
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from infra.bench.load import MissingError
from shared.settings import GIB
from shared.store.migrations import migrate
from shared.stream.connection import Broker

SUBJECT: Final = "bench.packs"
_STREAM: Final = "BENCH"


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """Make a migrated database on the server of `url`, yield how to connect, and drop it.

    Raises MissingError if the role may not make one, and psycopg.Error.
    """
    name = f"hookstream_bench_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute(SQL("create database {}").format(Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise MissingError("this needs a role that may create databases") from error
        try:
            scratch = make_conninfo(url, dbname=name)
            migrate(scratch)
            yield scratch
        finally:
            _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    # Autovacuum may work on it, and is not the role's to end; it is over soon.
    for attempt in stamina.retry_context(
        on=psycopg.errors.InsufficientPrivilege, attempts=None, timeout=60, wait_max=0.5
    ):
        with attempt:
            connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))


@asynccontextmanager
async def scratch_stream(url: str) -> AsyncIterator[Broker]:
    """Make a stream that takes SUBJECT, yield a connection to its server, and delete it.

    It is on file as EVENTS is, and the server syncs it as it does EVENTS. Raises Problem
    broker_unavailable and nats.errors.Error.
    """
    logging.getLogger("shared").addHandler(logging.NullHandler())  # problems are raised
    broker = Broker(url, "bench")
    broker.start()
    try:
        await broker.available(patience=5)
        await _delete(broker)
        await broker.jetstream.add_stream(
            name=_STREAM, subjects=[SUBJECT], storage=api.StorageType.FILE, max_bytes=GIB
        )
        try:
            yield broker
        finally:
            await _delete(broker)
    finally:
        await broker.close()


async def _delete(broker: Broker) -> None:
    """Delete the stream, also one that a killed benchmark left behind."""
    try:
        await broker.jetstream.delete_stream(_STREAM)
    except nats.js.errors.NotFoundError:
        return
