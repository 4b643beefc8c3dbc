"""Who may use the provider API.

With a password set, whoever sends it, by basic auth as OpenFaaS has it (github.com/openfaas/
faas-provider, auth/basic_auth.go). Without one, whoever is on this machine, as long as the gateway
listens on its loopback address only; pages of other sites, which a browser on this machine may
show, are kept out in any case.
"""

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlsplit

from shared.errors import Problem

Header = Callable[[str], str | None]
"""Returns a header of the request by its lower-case name."""

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


class Guard:
    """Lets requests to the API through or not; `local` says that only this machine reaches it."""

    def __init__(self, user: str, password: str, *, local: bool) -> None:
        self._wanted = _digest(f"{user}:{password}".encode()) if password else None
        self._local = local

    def check(self, header: Header) -> None:
        """Raise Problem unauthorized or forbidden unless the request may go on."""
        self._check_origin(header)
        if self._wanted is None:
            self._check_local(header)
        elif not hmac.compare_digest(self._wanted, _digest(_credentials(header))):
            raise Problem("unauthorized", "Send the user and password by basic auth.")

    def _check_origin(self, header: Header) -> None:
        """Refuse what a page of another site has a browser send (it names its origin)."""
        origin = header("origin")
        if origin is not None and urlsplit(origin).netloc != header("host"):
            raise Problem("forbidden", "Pages of other origins may not use this API.")

    def _check_local(self, header: Header) -> None:
        if not self._local:
            detail = "Set BASIC_AUTH_PASSWORD: this API is reached from other machines."
            raise Problem("unauthorized", detail)
        host = header("host")
        # A name of a stranger's domain may lead here, too (DNS rebinding).
        if host is not None and urlsplit(f"//{host}").hostname not in _LOCAL_NAMES:
            raise Problem("forbidden", "Without a password, call this API at 127.0.0.1.")


def _credentials(header: Header) -> bytes:
    """Return `user:password` as sent, b'' if there is none."""
    scheme, _, encoded = (header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _digest(text: bytes) -> bytes:
    """Return something of the same length for every text, so that comparing tells nothing."""
    return sha256(text).digest()
