"""Databases of tests' own."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import stamina
from psycopg.sql import SQL, Identifier


def login(url: str, kind: str) -> str:
    """Return the URL of a kind's login, as the embedded server has it, from its owner's."""
    return url.replace("//hookstream@", f"//{kind}@").replace("%2Fpgpass", f"%2Fpgpass-{kind}")


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """Make an empty database on the server of `url`, yield its URL, and drop it.

    `with (force)` is refused while the server's own autovacuum works on the database, for that
    process is not the role's to end; it is over soon.
    """
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("create database {}").format(Identifier(name)))
        yield url.replace("/hookstream?", f"/{name}?")
        for attempt in stamina.retry_context(
            on=psycopg.errors.InsufficientPrivilege, attempts=None, timeout=60, wait_max=0.5
        ):
            with attempt:
                connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))
