"""The users of NATS: who each process of a stack is, by what URL it connects as that.

What they may do is in infra/nats/users.conf. Passwords of the embedded server are files of the
state directory that only the owner reads; URLs name the file, so that they hold no secret.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from infra.local.ports import write_atomically

DEFINITION = Path(__file__).parents[1] / "nats" / "users.conf"

OPERATOR = "operator"
CONNECTOR = "connector"
GATEWAY = "gateway"
QUEUE_WORKER = "queue-worker"
OF_ROLES = {"webhook-ingest": "ingest", "deadletter": "deadletter"}
"""The users of functions; the other functions have nothing to do with NATS."""

USERS = (OPERATOR, CONNECTOR, GATEWAY, QUEUE_WORKER, *OF_ROLES.values())

_LOGIN = {"user", "password_file"}
_PASSWORD = re.compile(r"[A-Za-z0-9._~-]+")


class LoginsError(ValueError):
    """NATS_LOGINS cannot be used."""


def variable(user: str) -> str:
    """Return the variable of users.conf that is a user's password."""
    return f"NATS_{user.replace('-', '_').upper()}_PASSWORD"


@dataclass(frozen=True, slots=True)
class NatsUsers:
    """The users of an embedded server; `folder` has a file with the password of each."""

    folder: Path

    def make(self) -> None:
        """Make the passwords that are not there yet."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for user in USERS:
            if not self._file(user).exists():
                write_atomically(self._file(user), token_urlsafe(32).encode())

    def authorization(self) -> str:
        """Return the part of the server's configuration, which holds the passwords."""
        lines = (f'{variable(u)}: "{self._file(u).read_text()}"\n' for u in USERS)
        return "".join(lines) + DEFINITION.read_text()

    def url(self, server: str, user: str) -> str:
        """Return the URL by which a user connects."""
        return f"{server}?user={user}&password_file={quote(str(self._file(user)), safe='')}"

    def urls(self, server: str) -> Mapping[str, str]:
        """Return the URLs of all users; `server` is any of theirs."""
        plain = server.partition("?")[0]
        return {user: self.url(plain, user) for user in USERS}

    def _file(self, user: str) -> Path:
        return self.folder / user


def urls_by_logins(servers: str, logins: str) -> Mapping[str, str]:
    """Return the URL of each user of `logins` (see NATS_LOGINS) on somebody else's servers.

    The parameters for TLS stay. Raises LoginsError.
    """
    found = {}
    for login in logins.split(",") if logins else ():
        user, _, password = login.strip().partition(":")
        if user not in USERS or not _PASSWORD.fullmatch(password):
            raise LoginsError(
                f"NATS_LOGINS: wanted is USER:PASSWORD of {', '.join(USERS)}; passwords are of "
                "letters, digits and -._~"
            )
        found[user] = _as(f"{user}:{password}@", servers)
    return found


def anonymous(servers: str) -> str:
    """Return servers without any login."""
    return _as("", servers)


def _as(login: str, servers: str) -> str:
    """Return servers with another login, '' or one that ends with an @."""
    found = []
    for server in servers.split(","):
        parts = urlsplit(server.strip())
        query = [pair for pair in parse_qsl(parts.query) if pair[0] not in _LOGIN]
        netloc = f"{login}{parts.netloc.rpartition('@')[2]}"
        found.append(parts._replace(netloc=netloc, query=urlencode(query)).geturl())
    return ",".join(found)
