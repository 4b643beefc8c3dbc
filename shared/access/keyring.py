"""The keys that are valid now, as a process knows them: at most a second old when asked.

Nothing is read while nobody calls.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from shared.access.keys import Key, id_of
from shared.errors import Problem

MAX_AGE = 1.0
"""Seconds that keys are used without looking for changes."""

GRACE = 30.0
"""Seconds that keys are used while changes cannot be looked for."""

ReadKeys = Callable[[], Awaitable[Iterable[Key]]]
"""Reads the keys that are neither revoked nor expired. Raises Problem."""


class Keyring:
    """Finds keys by their text; `clock` returns seconds that never go backwards."""

    def __init__(self, read: ReadKeys, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._known_at = -math.inf
        self._tried_at = -math.inf
        self._reading = asyncio.Lock()

    async def find(self, text: str) -> Key | None:
        """Return the key with that text. Raises Problem keys_unavailable."""
        if self._is_due():
            async with self._reading:
                if self._is_due():
                    await self._refresh()
        if self._clock() - self._known_at > GRACE:
            detail = "The keys cannot be read; send the request again."
            raise Problem("keys_unavailable", detail, retry_after=MAX_AGE)
        key = self._keys.get(id_of(text))
        if key is None or not key.is_of(text):
            return None
        return None if key.expires_at is not None and key.expires_at <= time.time() else key

    def _is_due(self) -> bool:
        return self._clock() - self._tried_at >= MAX_AGE

    async def _refresh(self) -> None:
        """Read the keys; those that are known stay in use for a while if that fails."""
        try:
            keys = await self._read()
        except Problem:
            self._tried_at = self._clock()
            return
        self._keys = {key.id: key for key in keys}
        self._known_at = self._tried_at = self._clock()
