"""What PostgreSQL's errors mean to a caller: the one place where they become Problems.

SQLSTATE codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolTimeout

from shared.errors import Problem
from shared.telemetry import fields

RETRY_AFTER = 2.0
"""Seconds after which callers are told to try again while the database is away."""

_STATES: tuple[tuple[str, str, str, float], ...] = (
    ("53100", "database_full", "Try again when there is room.", 30),
    (
        "57014",
        "query_timeout",
        "The query hit its time limit: shorten the range or drop a filter.",
        10,
    ),
    *(
        (state, "database_unavailable", "The database's schema is older than this version.", 5)
        for state in ("42P01", "42703", "42883")
    ),
    (
        "42501",
        "database_unavailable",
        "The database's login lacks a right: run `hookstream migrate` as the owner.",
        5,
    ),
    *(
        (state, "database_unavailable", "The database cannot serve now.", RETRY_AFTER)
        for state in ("08", "25006", "53", "57P", "58")
    ),
    *(
        (state, "database_unavailable", "Concurrent changes got in the way.", RETRY_AFTER)
        for state in ("40", "55P03")
    ),
)
"""SQLSTATE prefix, first match wins; code; detail; seconds to wait before trying again."""

logger = logging.getLogger(__name__)


@contextmanager
def problems() -> Iterator[None]:
    """Turn errors of the block that say something about the database's state into Problems.

    Raises Problem database_unavailable, database_full or query_timeout; other errors, which
    are about the statement or its values, pass unchanged.
    """
    try:
        yield
    except psycopg.Error as error:
        problem = problem_of(error)
        if problem is None:
            raise
        line = fields(error=type(error).__name__, sqlstate=error.sqlstate, reason=_reason(error))
        logger.warning("database error", extra=line)
        raise problem from error


def problem_of(error: psycopg.Error) -> Problem | None:
    """Return the Problem that an error amounts to, or None if it is no state of the database."""
    if isinstance(error, PoolTimeout):
        detail = "No connection to the database was to be had in time."
        return Problem("database_unavailable", detail, retry_after=RETRY_AFTER)
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
        detail = "The database cannot be reached."
        return Problem("database_unavailable", detail, retry_after=RETRY_AFTER)
    for prefix, code, detail, retry_after in _STATES:
        if error.sqlstate is not None and error.sqlstate.startswith(prefix):
            return Problem(code, detail, retry_after=retry_after)
    return None


def _reason(error: psycopg.Error) -> str:
    """Return the server's one-line message, which unlike its detail holds no row's values."""
    return error.diag.message_primary or str(error).partition("\n")[0]
