"""A nats-server that speaks TLS, with the users of infra/nats/users.conf."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from certificates import Authority, Pair

from infra.local.nats_server import nats_server
from infra.local.nats_users import USERS, NatsUsers
from infra.local.ports import HOST, PortBook
from infra.local.servers import RunningServer

_TLS = """
tls {{
  cert_file: "{certificate}"
  key_file: "{key}"
  ca_file: "{authority}"
  verify: {verify}
}}
"""


@dataclass(frozen=True, slots=True)
class TlsServer:
    """The server; `client` is a certificate that it takes if it asks for one."""

    port: int
    authority: Authority
    client: Pair
    users: NatsUsers

    def url(self, parameters: Mapping[str, object], scheme: str = "tls", host: str = HOST) -> str:
        """Return a URL of the server."""
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"{scheme}://{host}:{self.port}?{query}"

    def login(self, user: str) -> dict[str, object]:
        """Return the parameters that are a user's login."""
        return {"user": user, "password_file": self.users.folder / user}

    @property
    def logins(self) -> str:
        """Return the logins of all users, as NATS_LOGINS has them."""
        return ",".join(f"{user}:{(self.users.folder / user).read_text()}" for user in USERS)


@contextmanager
def tls_server(state: Path, *, verify: bool) -> Iterator[TlsServer]:
    """Run a server until the block ends; with `verify` clients need a certificate, too."""
    users = NatsUsers(state / "nats-users")
    state.mkdir()
    users.make()
    authority = Authority(state)
    pair = authority.issue("server", HOST)
    book = PortBook(state / "ports.json")
    port = book.choose("nats")
    server = nats_server(state, book, port, users)
    configuration = state / "tls.conf"
    said = _TLS.format(
        certificate=pair.certificate,
        key=pair.key,
        authority=authority.file,
        verify=str(verify).lower(),
    )
    configuration.write_text((state / "nats.conf").read_text() + said)
    configuration.chmod(0o600)
    argv = [*server.program.argv[:-1], str(configuration)]
    running = RunningServer(replace(server, program=replace(server.program, argv=argv)))
    running.start()
    try:
        yield TlsServer(port, authority, authority.issue("client"), users)
    finally:
        running.stop()
