"""Applies `schema/migrations/*.sql`, each file once, in the order of the names.

A file and the record that it was applied commit together, so a process killed at any moment
leaves the file either applied or not. yoyo-migrations, which the files would suit as well,
commits the two one after the other and keeps its lock in a table that a killed process leaves.
"""

from pathlib import Path
from typing import Any

import psycopg

from shared.store.hosts import to_primary
from shared.store.problems import problems
from shared.store.queries import SCHEMA, query

_CONNECT_TIMEOUT = 5

Connection = psycopg.Connection[Any]


class MigrationError(Exception):
    """The database refuses a migration; nothing of its file is applied."""


def migrate(database_url: str, folder: Path = SCHEMA / "migrations") -> list[str]:
    """Apply what is pending and return the names of what this call applied.

    Any number of processes may call it at once: they take turns under an advisory lock. Raises
    Problem database_unavailable or database_full, or MigrationError if a file is wrong; files
    before it stay applied.
    """
    with problems(), _connect(database_url) as connection:
        return [name for name in _pending(connection, folder) if _apply(connection, folder, name)]


def pending(database_url: str, folder: Path = SCHEMA / "migrations") -> list[str]:
    """Return the names of files that are not applied yet. Raises Problem database_unavailable."""
    with problems(), _connect(database_url) as connection:
        return _pending(connection, folder)


def _connect(database_url: str) -> Connection:
    return psycopg.connect(
        to_primary(database_url),
        autocommit=True,
        connect_timeout=_CONNECT_TIMEOUT,
        application_name="hookstream migrate",
    )


def _pending(connection: Connection, folder: Path) -> list[str]:
    try:
        applied = {name for (name,) in connection.execute(query("migration_names"))}
    except psycopg.errors.UndefinedTable:
        applied = set()
    return [path.stem for path in sorted(folder.glob("*.sql")) if path.stem not in applied]


def _apply(connection: Connection, folder: Path, name: str) -> bool:
    """Apply one file unless another process did meanwhile; say whether this call did."""
    with connection.transaction():
        connection.execute(query("migration_lock"))
        connection.execute(query("migration_table"))
        if name not in _pending(connection, folder):
            return False
        try:
            connection.execute((folder / f"{name}.sql").read_bytes())
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise MigrationError(f"{name}.sql: {error}") from error
        connection.execute(query("migration_record"), {"name": name})
        return True
