"""Admits a request by its key or token: `Authorization: Bearer …`, or `X-API-Key` for keys."""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from shared.access.keyring import Keyring, ReadKeys
from shared.access.keys import PREFIX
from shared.access.rates import Rates
from shared.access.scopes import Admission, Asked, Scope, covers
from shared.errors import Problem
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.access.tokens import Tokens

Needed = Callable[[Asked], Scope | None]
"""Returns the scope that a request needs, None for what anybody may."""


class Guard:
    """Asks for the scope that a request needs."""

    def __init__(self, read: ReadKeys, chosen: Settings, needed: Needed) -> None:
        self._needed = needed
        self._keyring = Keyring(read)
        self._rates = Rates()
        self._rate = chosen.key_rate
        self._tokens = _tokens(chosen)

    async def admit(self, request: Asked) -> str:
        """See Admission."""
        needed = self._needed(request)
        if needed is None:
            return ""
        text = credentials(request)
        if text.startswith(PREFIX) or self._tokens is None:
            caller, scopes, rate = await self._by_key(text)
        else:
            caller, scopes = await self._tokens.read(text)
            rate = self._rate
        self._rates.take(caller, rate)
        if not covers(scopes, needed):
            raise Problem("forbidden", f"This needs the scope {needed}.", scope=needed)
        return caller

    async def _by_key(self, text: str) -> tuple[str, tuple[str, ...], float]:
        key = await self._keyring.find(text) if text else None
        if key is None:
            detail = "Send an API key that is valid, as Authorization: Bearer <key>."
            raise Problem("invalid_credentials", detail)
        return f"key:{key.id}", key.scopes, key.rate


class SharedSecretGuard:
    """Admits whoever has a secret that both sides were given; nobody if there is none."""

    def __init__(self, secret: str) -> None:
        self._wanted = sha256(secret.encode()).digest() if secret else None

    async def admit(self, request: Asked) -> str:
        """See Admission."""
        given = sha256(credentials(request).encode()).digest()
        if self._wanted is None or not hmac.compare_digest(given, self._wanted):
            detail = "Only the connector may deliver here, by DELIVERY_KEY."
            raise Problem("invalid_credentials", detail)
        return "connector"


Guarding = Callable[[Any, Settings, bool], Admission | None]
"""Returns who lets a handler's callers in; see shared.web.Function."""


def by_scope(scope: Scope, read: Callable[[Any], ReadKeys], *, only: str = "") -> Guarding:
    """Return the guarding of a function that needs a scope; `read` reads keys by its handler.

    Where `only` is given, only that path needs it.
    """

    def needed(request: Asked) -> Scope | None:
        return scope if not only or request.path == only else None

    def guarding(handler: Any, chosen: Settings, unasked: bool) -> Admission | None:  # noqa: ANN401, FBT001 - as Function calls it
        return None if unasked else Guard(read(handler), chosen, needed)

    return guarding


def credentials(request: Asked) -> str:
    """Return the key or token as sent, '' if there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.headers.get("x-api-key", "")


def _tokens(chosen: Settings) -> "Tokens | None":
    if not chosen.oidc_issuer:
        return None
    from shared.access.tokens import Tokens  # noqa: PLC0415 - an optional extra

    return Tokens(chosen)
