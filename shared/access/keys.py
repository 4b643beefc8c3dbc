"""API keys: `hks_<id>_<secret>`, of which only a digest is kept.

The secret has 256 random bits, so that a plain SHA-256 cannot be searched backwards: the slow
hashes that passwords need would only cost each request its time.
"""

import hmac
import secrets
from collections.abc import Collection
from hashlib import sha256

import msgspec

PREFIX = "hks_"

_ID_BYTES = 6
_SECRET_BYTES = 32
_LONGEST = 256


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as functions know it.

    `digest` is the hexadecimal SHA-256 of its text, `rate` in requests per second (0: without
    limit), `expires_at` in seconds since the epoch.
    """

    id: str
    scopes: tuple[str, ...]
    digest: str
    rate: float
    expires_at: float | None = None

    def is_of(self, text: str) -> bool:
        """Say whether this is the text's key, in a time that tells nothing."""
        return hmac.compare_digest(self.digest, digest_of(text))


def make_key(scopes: Collection[str], rate: float, expires_at: float | None) -> tuple[str, Key]:
    """Return a new key's text, to be shown once, and what is kept of it."""
    identity = secrets.token_hex(_ID_BYTES)
    text = f"{PREFIX}{identity}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    kept = Key(
        id=identity,
        scopes=tuple(scopes),
        digest=digest_of(text),
        rate=rate,
        expires_at=expires_at,
    )
    return text, kept


def digest_of(text: str) -> str:
    """Return the digest by which a key is known."""
    return sha256(text.encode()).hexdigest()


def id_of(text: str) -> str:
    """Return the id in a key's text, '' if it is none."""
    if len(text) > _LONGEST or not text.startswith(PREFIX):
        return ""
    return text[len(PREFIX) :].partition("_")[0]
