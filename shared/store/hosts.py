"""Which of several servers to connect to: the one that takes writes.

Contract: https://www.postgresql.org/docs/current/libpq-connect.html (multiple hosts,
target_session_attrs). Servers since 14 say of themselves that they only read; an older one is
asked, once per connection.
"""

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_ATTRIBUTE = "target_session_attrs"


def to_primary(database_url: str) -> str:
    """Return a connection string that passes over standbys, if the URL names several servers.

    A URL that says itself which kind of server it wants is returned as it is.
    """
    try:
        given = conninfo_to_dict(database_url)
    except psycopg.ProgrammingError:
        return database_url  # who connects by it is told what is wrong with it
    several = any("," in str(given.get(name, "")) for name in ("host", "hostaddr"))
    if not several or _ATTRIBUTE in given:
        return database_url
    return make_conninfo(database_url, target_session_attrs="read-write")
