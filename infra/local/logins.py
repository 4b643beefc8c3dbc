"""The logins of the embedded PostgreSQL: each kind of process has its own, with its own password.

Their passwords are in libpq password files that this user alone reads; a process is told the path
of its own. What a login may do, schema/roles says.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from infra.local.ports import HOST, write_atomically
from shared.store.kinds import KINDS, read_logins, urls_by_logins

OWNER = "hookstream"
OF_ROLES = {
    **dict.fromkeys(("fb-consume", "ttk-consume"), "collector"),
    **dict.fromkeys(
        (
            *("report-events", "report-revenue", "report-demographics", "report-funnel"),
            "report-dashboard",
        ),
        "reader",
    ),
}
"""The kinds of functions; the others have nothing to do with the database."""

_SCHEMA = Path(__file__).parents[2] / "schema"
_LOGINS = _SCHEMA / "local" / "logins.sql"
_MONITORING = _SCHEMA / "roles" / "monitoring.sql"


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where each kind of process connects; the owner migrates, and is who people are.

    `given` is what DATABASE_LOGINS says of somebody else's server.
    """

    owner: str = ""
    logins: Mapping[str, str] = field(default_factory=dict, repr=False)
    given: str = field(default="", repr=False)

    @classmethod
    def by_logins(cls, owner: str, given: str) -> "DatabaseUrls":
        """Return those on somebody else's server. Raises LoginsError."""
        return cls(owner, urls_by_logins(owner, read_logins(given)), given)

    @property
    def connector(self) -> str:
        """Return the connector's URL."""
        return self.of_kind("connector")

    def of_kind(self, kind: str) -> str:
        """Return the URL of a kind's login; the owner's if it has none of its own."""
        return self.logins.get(kind, self.owner)

    def of_role(self, role: str) -> str:
        """Return what a function of the role finds as `database-url`."""
        return self.of_kind(OF_ROLES.get(role, ""))


def passfile(state: Path, user: str) -> Path:
    """Return where a login's password is."""
    return state / ("pgpass" if user == OWNER else f"pgpass-{user}")


def login_url(state: Path, user: str, port: int) -> str:
    """Return a login's URL, which names the password's file in place of the password."""
    path = quote(str(passfile(state, user)), safe="")
    return f"postgresql://{user}@{HOST}:{port}/hookstream?passfile={path}"


def new_password() -> str:
    """Make a password, which needs no quoting anywhere."""
    return secrets.token_urlsafe(24)


def missing(state: Path) -> dict[str, str]:
    """Return new passwords for the logins that have none yet, as those of an older version."""
    return {kind: new_password() for kind in KINDS if not passfile(state, kind).exists()}


def keep(state: Path, passwords: Mapping[str, str]) -> None:
    """Write passwords' files, each for every port and database."""
    for user, password in passwords.items():
        write_atomically(passfile(state, user), f"{HOST}:*:*:{user}:{password}\n".encode())


def statements(passwords: Mapping[str, str]) -> str:
    """Return what makes logins, or gives them new passwords, a statement a line."""
    text = _LOGINS.read_text()
    made = [text.replace(":kind", kind).replace(":password", passwords[kind]) for kind in passwords]
    return "".join(made) + _MONITORING.read_text().splitlines()[-1] + ";\n"
