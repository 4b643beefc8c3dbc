"""Who may use the provider API.

With a password set, whoever sends it, by basic auth as OpenFaaS has it (github.com/openfaas/
faas-provider, auth/basic_auth.go). Without one, whoever is on this machine, as long as the gateway
listens on its loopback address only. Where AUTH asks for keys, whoever has a key or token with the
scope `ops`, besides those with the password, and nobody else. Pages of other sites, which a
browser on this machine may show, are kept out in any case.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from shared.access.scopes import Admission
from shared.errors import Problem

Header = Callable[[str], str | None]
"""Returns a header of the request by its lower-case name."""

_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}


@dataclass(slots=True)
class _Asked:
    """What keys are looked for in; it satisfies shared.access.scopes.Asked."""

    headers: Mapping[str, str]
    method: str = ""
    path: str = ""
    query: str = ""

    @classmethod
    def of(cls, header: Header) -> "_Asked":
        """Return what a request shows."""
        names = ("authorization", "x-api-key")
        return cls({name: value for name in names if (value := header(name)) is not None})


class Guard:
    """Lets requests to the API through or not; `local` says that only this machine reaches it.

    `keys` admits those with a key or token; None where nobody is asked for one.
    """

    def __init__(
        self, user: str, password: str, *, local: bool, keys: Admission | None = None
    ) -> None:
        self._wanted = _digest(f"{user}:{password}".encode()) if password else None
        self._local = local
        self._keys = keys

    async def admit(self, header: Header) -> None:
        """Raise Problem unless the request may go on, by key, by password or as it came."""
        asking = _Asked.of(header)
        basic = asking.headers.get("authorization", "").lower().startswith("basic ")
        if self._keys is None or (basic and self._wanted is not None):
            self.check(header)
        else:
            self._check_origin(header)
            await self._keys.admit(asking)

    async def require_known(self, header: Header) -> None:
        """Return if keys are asked for of nobody, or the caller's is valid, whatever its scopes.

        What is to be called later is stored first, and strangers must not fill the store. Raises
        Problem.
        """
        if self._keys is None:
            return
        try:
            await self._keys.admit(_Asked.of(header))
        except Problem as problem:
            if problem.kind.code != "forbidden":
                raise

    def check(self, header: Header) -> None:
        """Raise Problem unauthorized or forbidden unless the password, or the place, is right."""
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
