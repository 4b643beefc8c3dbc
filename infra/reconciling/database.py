"""Reads the database's side in one snapshot."""

from array import array
from datetime import datetime

import psycopg
from psycopg.rows import TupleRow

from infra.reconciling.facts import DatabaseFacts, Ledger, Rejection, Rows
from infra.reconciling.segments import read_segments
from shared.store.hosts import to_primary
from shared.store.queries import query

_CONNECT_TIMEOUT = 5
_PROCESSED = 1


def read_database(
    database_url: str, created: datetime, last_sequence: int, timeout: float
) -> DatabaseFacts:
    """Return one moment of the database, and which messages of the stream since `created` it has.

    `timeout` bounds each query, in seconds. Raises psycopg.Error.
    """
    with psycopg.connect(
        to_primary(database_url),
        autocommit=True,
        connect_timeout=_CONNECT_TIMEOUT,
        application_name="hookstream reconcile",
    ) as connection:
        limit = {"milliseconds": str(round(timeout * 1000))}
        psycopg.ClientCursor(connection).execute(query("snapshot_begin"), limit)
        return _read(connection, {"created": created, "last": last_sequence})


def _read(connection: psycopg.Connection[TupleRow], stream: dict[str, object]) -> DatabaseFacts:
    ledger = {row[0]: Ledger(*row[1:]) for row in connection.execute(query("reconcile_ledger"))}
    rows = {row[0]: Rows(*row[1:]) for row in connection.execute(query("reconcile_rows"))}
    identities = connection.execute(query("reconcile_identities")).fetchone()
    rejections = connection.execute(query("reconcile_rejections"), stream)
    processed, counts = _processed(connection, stream)
    return DatabaseFacts(
        ledger=ledger,
        rows=rows,
        identities=identities[0] if identities else 0,
        rejections=[Rejection(*row) for row in rejections],
        processed=processed,
        counts=counts,
        segments=read_segments(connection),
    )


def _processed(
    connection: psycopg.Connection[TupleRow], stream: dict[str, object]
) -> "tuple[bytearray, array[int]]":
    """Return by sequence which messages the ledger has, and how many events in each."""
    marks = bytearray(int(str(stream["last"])) + 1)
    counts = array("I", bytes(array("I").itemsize * len(marks)))
    with connection.cursor(name="processed") as cursor:
        cursor.itersize = 10_000
        for sequence, events in cursor.execute(query("reconcile_processed"), stream):
            marks[sequence] = _PROCESSED
            counts[sequence] = events
    return marks, counts
