"""What processes are to the database: each kind has a group of its rights, and a login in it."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

KINDS = ("collector", "connector", "reader")
"""Who has no kind is the owner, or has no business with the database."""

_SCHEMES = {"postgresql", "postgres"}
_LOGIN = {"user", "password", "passfile"}
_PASSWORD = re.compile(r"[A-Za-z0-9._~-]+")


class LoginsError(ValueError):
    """DATABASE_LOGINS cannot be used."""


def group(kind: str) -> str:
    """Return the name of a kind's group; its login has the kind's own name."""
    return f"hookstream_{kind}"


def read_logins(text: str) -> dict[str, str]:
    """Return the passwords of logins, by kind, as DATABASE_LOGINS has them. Raises LoginsError."""
    found = {}
    for login in text.split(",") if text else ():
        kind, _, password = login.strip().partition(":")
        if kind not in KINDS or not _PASSWORD.fullmatch(password):
            raise LoginsError(
                f"DATABASE_LOGINS: wanted is LOGIN:PASSWORD of {', '.join(KINDS)}; passwords are "
                "of letters, digits and -._~"
            )
        found[kind] = password
    return found


def urls_by_logins(database_url: str, passwords: Mapping[str, str]) -> dict[str, str]:
    """Return the URL of each login on the owner's servers, whose other parameters stay.

    Raises LoginsError if that is no URI.
    """
    parts = urlsplit(database_url)
    if passwords and parts.scheme not in _SCHEMES:
        raise LoginsError("DATABASE_LOGINS: DATABASE_URL has to be a URI, postgresql://…")
    servers = parts.netloc.rpartition("@")[2]
    query = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] not in _LOGIN])
    return {
        kind: parts._replace(netloc=f"{kind}:{password}@{servers}", query=query).geturl()
        for kind, password in passwords.items()
    }
