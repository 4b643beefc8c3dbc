"""Bearer tokens of an identity provider: JWTs, for people.

Contracts: RFC 7519 (the claims), RFC 7517 (the keys), RFC 8725 (what to refuse): the algorithm is
one of a list of asymmetric ones, never the token's own choice; issuer, audience and expiry have to
be there and right. Needs the extra `oidc` (PyJWT).
"""

import asyncio
import math
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shared.errors import Problem
from shared.settings import MIB, Settings

KEYS_FOR = 300.0
"""Seconds that the provider's keys are used without asking for them again."""

AGAIN_AFTER = 10.0
"""Least seconds between two questions, however many tokens name a key that is not known."""

KEPT_FOR = 3600.0
"""Seconds that keys are used while the provider does not answer."""

LEEWAY = 30.0
"""Seconds by which clocks may differ."""

_PATIENCE = 5.0
_LONGEST = 8192
_ASYMMETRIC = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)


class Tokens:
    """Reads tokens. Raises ValueError for settings that do not go together."""

    def __init__(self, chosen: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = chosen.oidc_issuer
        self._audience = chosen.oidc_audience
        self._claim = chosen.oidc_scope_claim
        self._algorithms = [name.strip() for name in chosen.oidc_algorithms.split(",")]
        if not self._audience:
            raise ValueError("setting OIDC_AUDIENCE: OIDC_ISSUER needs it")
        if not set(self._algorithms) <= _ASYMMETRIC:
            known = ", ".join(sorted(_ASYMMETRIC))
            raise ValueError(f"setting OIDC_ALGORITHMS: allowed are {known}")
        self._url = _checked(chosen.oidc_jwks_url)
        self._clock = clock
        self._keys: Mapping[str, Any] = {}
        self._known_at = self._asked_at = -math.inf
        self._asking = asyncio.Lock()
        self._jwt = _library()

    async def read(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return who has the token, as it may be logged, and the scopes.

        Raises Problem invalid_credentials or keys_unavailable.
        """
        if not text or len(text) > _LONGEST:
            raise _refused()
        try:
            key = await self._key(self._jwt.get_unverified_header(text))
            claims = self._jwt.decode(
                text,
                key=key,
                algorithms=self._algorithms,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (self._jwt.PyJWTError, ValueError, TypeError):
            raise _refused() from None
        caller = sha256(str(claims["sub"]).encode()).hexdigest()[:12]
        return f"user:{caller}", _scopes(claims.get(self._claim))

    async def _key(self, header: Mapping[str, Any]) -> object:
        """Return the key that a token names, for its algorithm alone."""
        algorithm, identity = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms or not isinstance(identity, str):
            raise _refused()
        await self._refresh(identity)
        if self._clock() - self._known_at > KEPT_FOR:
            detail = "The identity provider does not answer; send the request again."
            raise Problem("keys_unavailable", detail, retry_after=AGAIN_AFTER)
        found = self._keys.get(identity)
        if found is None or found.get("alg", algorithm) != algorithm:
            raise _refused()
        return self._jwt.PyJWK.from_dict(found, algorithm=algorithm).key

    def _is_due(self, identity: str) -> bool:
        now = self._clock()
        wanted = identity not in self._keys or now - self._known_at >= KEYS_FOR
        return wanted and now - self._asked_at >= AGAIN_AFTER

    async def _refresh(self, identity: str) -> None:
        if not self._is_due(identity):
            return
        async with self._asking:
            if not self._is_due(identity):
                return
            try:
                keys = await asyncio.to_thread(_fetch, self._url)
            except (OSError, ValueError):  # what is known goes on being used for a while
                self._asked_at = self._clock()
                return
            self._keys = {str(key["kid"]): key for key in keys if "kid" in key}
            self._known_at = self._asked_at = self._clock()


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


def _fetch(url: str) -> list[dict[str, Any]]:
    """Return the keys of a JWKS document. Raises OSError or ValueError."""
    with closing(urllib.request.urlopen(url, timeout=_PATIENCE)) as answer:  # noqa: S310 - _checked allows https, and http to this machine
        content = answer.read(MIB)
    return msgspec.json.decode(content, type=_KeySet).keys


def _checked(url: str) -> str:
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("setting OIDC_JWKS_URL: OIDC_ISSUER needs it, and it has to be https")
    return url


def _scopes(claim: object) -> tuple[str, ...]:
    """Return the scopes of a claim: words separated by spaces (RFC 8693, 4.2), or a list."""
    if isinstance(claim, str):
        return tuple(claim.split())
    return tuple(map(str, claim)) if isinstance(claim, list) else ()


def _refused() -> Problem:
    return Problem("invalid_credentials", "The token is not one that is accepted here.")


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        import jwt  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise ValueError("setting OIDC_ISSUER: install the extra hookstream[oidc]") from None
    return jwt
