"""The keys of a database, as `hookstream keys` works on them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from shared.access.keys import Key
from shared.store.problems import problems
from shared.store.queries import query

_CONNECT_TIMEOUT = 5


class Listed(msgspec.Struct, rename="camel", frozen=True):
    """A key as it is listed; `rate` is in requests per second, 0 without limit."""

    id: str
    name: str
    scopes: list[str]
    rate: float
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return active, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


def create(database_url: str, name: str, key: Key) -> None:
    """Store a new key. Raises Problem."""
    values = {
        "id": key.id,
        "name": name,
        "scopes": list(key.scopes),
        "digest": key.digest,
        "rate": key.rate,
        "expires_at": key.expires_at,
    }
    with _connected(database_url) as connection:
        connection.execute(query("keys_create"), values)


def listed(database_url: str) -> list[Listed]:
    """Return all keys, the oldest first. Raises Problem."""
    with _connected(database_url) as connection:
        return [Listed(*row) for row in connection.execute(query("keys_list"))]


def revoke(database_url: str, ids: Sequence[str]) -> list[str]:
    """Revoke keys; return the ids that exist, those revoked before among them. Raises Problem."""
    with _connected(database_url) as connection:
        found = connection.execute(query("keys_revoke"), {"ids": list(ids)})
        return [identity for (identity,) in found]


@contextmanager
def _connected(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with (
        problems(),
        psycopg.connect(
            database_url,
            connect_timeout=_CONNECT_TIMEOUT,
            application_name="hookstream keys",
        ) as connection,
    ):
        yield connection
