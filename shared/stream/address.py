"""What NATS_URL says: servers, as whom to log in, what TLS goes by; and connecting by it.

    nats://ingest:secret@nats:4222
    tls://n1:4222,tls://n2:4222?user=ingest&password_file=/run/secrets/nats&sslrootcert=/etc/ca.pem

Parameters stand behind one of the servers and count for all. Those for TLS are named as libpq's
are in DATABASE_URL (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
"""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from nats.aio.client import Client
from nats.errors import SecureConnWantedError

_INBOXES = "_INBOX"
_USER = re.compile(r"[A-Za-z0-9_-]+")


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A NATS_URL, taken apart; paths are of files, those of certificates and keys are PEM.

    `password_file` holds the password of `user`. `sslrootcert` has the authorities that the
    servers' certificates have to be of (without: the system's), `sslcert` with `sslkey` is the
    certificate to show to servers that ask for one.
    """

    servers: tuple[str, ...]
    user: str = ""
    password_file: str = ""
    sslrootcert: str = ""
    sslcert: str = ""
    sslkey: str = ""

    @property
    def encrypted(self) -> bool:
        """Return whether nothing may be sent in plain."""
        return any(server.startswith("tls://") for server in self.servers)

    def options(self) -> dict[str, Any]:
        """Return what the client library wants. Raises OSError for a file that cannot be read."""
        chosen: dict[str, Any] = {"servers": list(self.servers)}
        if self.password_file:
            self._password()
            chosen |= {"user": self.user, "password": self._password}
        if self.sslrootcert or self.sslcert:
            chosen["tls"] = self._context()
        if _USER.fullmatch(name := self._login()):
            # None but this user may listen there (infra/nats/users.conf).
            chosen["inbox_prefix"] = f"{_INBOXES}.{name}"
        return chosen

    def _password(self) -> str:
        """Return the password; asked for at each connection, it may be changed meanwhile."""
        return Path(self.password_file).read_text("utf-8").rstrip("\r\n")

    def _login(self) -> str:
        parts = urlsplit(self.servers[0])
        return self.user or (parts.username or "" if parts.password is not None else "")

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.sslrootcert or None)
        if self.sslcert:
            context.load_cert_chain(self.sslcert, self.sslkey or None)
        return context


def read_address(url: str) -> Address:
    """Return what a NATS_URL says. Raises ValueError for parameters that make no sense."""
    given: dict[str, Any] = {"servers": tuple(_servers(url))}
    for server in url.split(","):
        parts = urlsplit(server.strip())
        for name, value in parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True):
            if given.setdefault(name, value) != value:
                raise ValueError(f"NATS_URL: {name} is given twice")
    try:
        address = msgspec.convert(given, Address)
    except msgspec.ValidationError as error:
        raise ValueError(f"NATS_URL: {error}") from error
    if bool(address.user) != bool(address.password_file):
        raise ValueError("NATS_URL: user and password_file need each other")
    if address.sslkey and not address.sslcert:
        raise ValueError("NATS_URL: sslkey needs sslcert")
    return address


def _servers(url: str) -> Iterator[str]:
    for server in url.split(","):
        yield server.strip().partition("?")[0]


class _Client(Client):
    """A client that sends no login in plain to a server of `tls://`.

    The library encrypts if the server says so, in plain, whatever the URL says
    (nats-py 2.16, Client._process_connect_init).
    """

    def __init__(self, *, encrypted: bool) -> None:
        super().__init__()
        self._encrypted = encrypted

    def _connect_command(self) -> bytes:
        if self._encrypted and not self._server_info.get("tls_required"):
            raise SecureConnWantedError
        return super()._connect_command()


async def connect(url: str, **options: Any) -> Client:  # noqa: ANN401 - the library's own
    """Connect to one of a URL's servers with the client library's `options`.

    Raises ValueError for a bad URL, OSError or nats.errors.Error.
    """
    address = read_address(url)
    client = _Client(encrypted=address.encrypted)
    try:
        await client.connect(**address.options(), **options)
    except BaseException:
        await client.close()
        raise
    return client
