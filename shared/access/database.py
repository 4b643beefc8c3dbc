"""Keys in the database: table api_keys, which alone says what is valid."""

from collections.abc import Iterable

from shared.access.keys import Key
from shared.store.pool import Connection, Database
from shared.store.queries import query


async def live_keys(connection: Connection) -> list[Key]:
    """Return the keys that are neither revoked nor expired, by their ids."""
    cursor = await connection.execute(query("keys_live"))
    return [
        Key(id=identity, scopes=tuple(scopes), digest=digest, rate=rate, expires_at=expires_at)
        for identity, scopes, digest, rate, expires_at in await cursor.fetchall()
    ]


class DatabaseKeys:
    """Reads the keys of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> Iterable[Key]:
        """See ReadKeys."""
        return await self._database.glance(live_keys)
