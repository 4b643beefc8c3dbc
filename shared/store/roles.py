"""Who may do what in the database: groups of few rights, and logins that are members of one each.

The rights are in `schema/roles/grants.sql`. Groups are roles of the whole server, which not
every owner of a database may make; the rights are the database's own and its owner's to give.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from shared.store.hosts import to_primary
from shared.store.kinds import KINDS, group, urls_by_logins
from shared.store.problems import problems
from shared.store.queries import SCHEMA, query

_CONNECT_TIMEOUT = 5

Connection = psycopg.Connection[Any]


class RolesError(Exception):
    """The roles cannot be made; the message says what an administrator has to do."""


def grant(database_url: str) -> list[str]:
    """Give the groups their rights in a migrated database, and take all others from them.

    Returns the groups, none if the server does not have them. Raises Problem
    database_unavailable, also for somebody who is not the owner.
    """
    names = [group(kind) for kind in KINDS]
    with problems(), _connect(database_url) as connection, connection.transaction():
        connection.execute(query("migration_lock"))
        if not _all_there(connection, names):
            return []
        connection.execute(_text("grants"))
        return names


def establish(database_url: str, passwords: Mapping[str, str]) -> list[str]:
    """Make the groups, and logins with passwords by kind, as far as they are not there.

    Returns the groups, which have their rights then. A login that works is left as it is. Raises
    RolesError, LoginsError, or Problem database_unavailable.
    """
    urls = urls_by_logins(database_url, passwords)
    missing = [kind for kind, url in urls.items() if not _is_member(url, kind)]
    with problems(), _connect(database_url) as connection:
        try:
            if not _all_there(connection, [group(kind) for kind in KINDS]):
                connection.execute(_text("groups"))
            # Without it metrics see the transactions of the connector alone.
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(_text("monitoring"))
            for kind in missing:
                _make_login(connection, kind, passwords[kind])
        except psycopg.errors.InsufficientPrivilege as error:
            login = ", and ".join(f"a login {kind} in {group(kind)}" for kind in missing)
            raise RolesError(
                f"{connection.info.user} may not make roles ({error.diag.message_primary}): have "
                f"somebody do so who may ({SCHEMA / 'roles' / 'groups.sql'}"
                f"{', and ' if login else ''}{login}), then try again"
            ) from error
    return grant(database_url)


def _text(name: str) -> bytes:
    return (SCHEMA / "roles" / f"{name}.sql").read_bytes()


def _connect(url: str) -> Connection:
    return psycopg.connect(
        to_primary(url),
        autocommit=True,
        connect_timeout=_CONNECT_TIMEOUT,
        application_name="hookstream roles",
    )


def _all_there(connection: Connection, names: list[str]) -> bool:
    found = connection.execute(query("roles_present"), {"names": names}).fetchone()
    return bool(found and found[0] == len(names))


def _is_member(url: str, kind: str) -> bool:
    """Say whether a URL's login works and is a member of its group."""
    try:
        with _connect(url) as connection:
            found = connection.execute(query("roles_present"), {"names": [group(kind)]}).fetchone()
            return bool(found and found[1])
    except psycopg.OperationalError:
        return False


def _make_login(connection: Connection, kind: str, password: str) -> None:
    """Make or mend a login; the server sees what it keeps of the password, not the password."""
    kept = connection.pgconn.encrypt_password(password.encode(), kind.encode(), b"scram-sha-256")
    names = {"login": Identifier(kind), "group": Identifier(group(kind))}
    secret = Literal(kept.decode())
    with connection.transaction():
        if not _all_there(connection, [kind]):
            connection.execute(SQL("create role {login}").format(**names))
        given = SQL("alter role {login} login password {password}")
        connection.execute(given.format(**names, password=secret))
        connection.execute(SQL("grant {group} to {login}").format(**names))
