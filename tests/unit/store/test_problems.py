import logging

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout, TooManyRequests

from shared.errors import Problem
from shared.store.problems import problem_of, problems


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.OperationalError("connection refused"), "database_unavailable"),
        (PoolTimeout("none in time"), "database_unavailable"),
        (TooManyRequests("queue is full"), "database_unavailable"),
        (errors.ConnectionFailure(), "database_unavailable"),
        (errors.AdminShutdown(), "database_unavailable"),
        (errors.CrashShutdown(), "database_unavailable"),
        (errors.CannotConnectNow(), "database_unavailable"),
        (errors.TooManyConnections(), "database_unavailable"),
        (errors.OutOfMemory(), "database_unavailable"),
        (errors.IoError(), "database_unavailable"),
        (errors.ReadOnlySqlTransaction(), "database_unavailable"),
        (errors.DeadlockDetected(), "database_unavailable"),
        (errors.SerializationFailure(), "database_unavailable"),
        (errors.UndefinedTable(), "database_unavailable"),
        (errors.InsufficientPrivilege(), "database_unavailable"),
        (errors.DiskFull(), "database_full"),
        (errors.QueryCanceled(), "query_timeout"),
    ],
)
def test_states_of_the_database_are_problems_worth_a_retry(
    error: psycopg.Error, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(Problem) as caught, problems():
        raise error
    assert caught.value.kind.code == code
    assert caught.value.kind.retryable
    assert "retry-after" in caught.value.headers()
    assert caught.value.__cause__ is error
    assert [record.getMessage() for record in caplog.records] == ["database error"]


@pytest.mark.parametrize(
    "error",
    [
        errors.UniqueViolation(),
        errors.NumericValueOutOfRange(),
        errors.UntranslatableCharacter(),
        errors.SyntaxError(),
        psycopg.ProgrammingError("misused"),
    ],
)
def test_errors_about_a_statement_or_its_values_pass(error: psycopg.Error) -> None:
    assert problem_of(error) is None
    with pytest.raises(type(error)), problems():
        raise error


def test_a_problem_passes() -> None:
    with pytest.raises(Problem, match="invalid_parameter"), problems():
        raise Problem("invalid_parameter", "no")
