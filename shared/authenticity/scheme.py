"""What the schemes have in common: secrets, constant-time comparing, clocks.

A signature is over the body as it was received, before any Content-Encoding is undone. Each
provider signs the very bytes that it sends, and what an unknown caller sends is not inflated.
"""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from shared.errors import Problem
from shared.events.model import Source

MOST_SECRETS = 2
"""Secrets of a scheme that count at once: the present one, and one that replaces it."""

Clock = Callable[[], float]
"""Returns seconds since the epoch."""

_TIMESTAMP_DIGITS = 12


class Scheme(Protocol):
    """A way to sign requests; names of headers are lower case."""

    header: str
    """The header that says that a request is signed this way."""

    sources: frozenset[Source]
    """The sources whose events such a request may bring."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if the request is genuine. Raises Problem invalid_signature."""


def read_secrets(setting: str, text: str) -> tuple[str, ...]:
    """Return the secrets of a setting, which are separated by commas; none if it is ''.

    Raises ValueError, without a secret in its text: what is configured has to be usable.
    """
    if not text:
        return ()
    secrets = tuple(part.strip() for part in text.split(","))
    if not all(secrets):
        raise ValueError(f"setting {setting}: a secret is empty")
    if len(secrets) > MOST_SECRETS:
        raise ValueError(f"setting {setting}: at most {MOST_SECRETS} secrets count at once")
    return secrets


def digest(key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC-SHA256 of all parts, one after the other."""
    code = hmac.new(key, digestmod="sha256")
    for part in parts:
        code.update(part)
    return code.digest()


def any_equal(given: bytes, wanted: Sequence[bytes]) -> bool:
    """Say whether `given` is one of those, in a time that does not tell which or how nearly."""
    equal = [hmac.compare_digest(given, each) for each in wanted]
    return any(equal)


def check_age(text: str, tolerance: float, clock: Clock = time.time) -> None:
    """Return if a time in whole seconds since the epoch is near. Raises Problem."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _TIMESTAMP_DIGITS):
        raise refused("The timestamp is not a number of seconds.")
    if abs(clock() - int(text)) > tolerance:
        raise refused(f"The timestamp is more than {tolerance:g} s away from the present.")


def refused(detail: str) -> Problem:
    """Return the problem of a signature that does not hold."""
    return Problem("invalid_signature", detail)
