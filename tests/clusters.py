"""Several nats-servers as one cluster, whose nodes can be killed and lose their disks."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from stack import until

from infra.local.nats_server import nats_binary
from infra.local.ports import HOST, free_port
from infra.local.programs import Program, Server
from infra.local.servers import RunningServer

SIZE = 3
ELECTED = 60.0
"""Seconds in which a cluster has its leaders, and a node that was empty all of its copies."""

_CONFIGURATION = """\
server_name: {name}
listen: "{host}:{port}"
http: "{host}:{monitor}"
max_payload: 2MB
cluster {{
  name: test
  listen: "{host}:{route}"
  routes: [{routes}]
}}
jetstream {{
  store_dir: "{store}"
  sync_interval: always
}}
"""


@dataclass(frozen=True, slots=True)
class Node:
    """One server of the cluster; `monitor` is the URL of its monitoring."""

    name: str
    running: RunningServer
    store: Path
    monitor: str

    def kill_and_wipe(self) -> None:
        """End the server as `kill -9` does, and lose its disk."""
        self.running.kill()
        shutil.rmtree(self.store)

    def asked(self, path: str) -> dict[str, Any]:
        """Return what the monitoring says, nothing while the server is away."""
        with suppress(httpx2.TransportError):
            answer = httpx2.get(f"{self.monitor}{path}", timeout=5)
            return answer.json()  # type: ignore[no-any-return]
        return {}

    def streams(self) -> list[dict[str, Any]]:
        """Return the streams that this server has a copy of, with who leads them."""
        said = self.asked("/jsz?streams=true&consumers=true")
        return [s for a in said.get("account_details", []) for s in a.get("stream_detail", [])]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The servers; nodes keep their ports and names over kills."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        """Return all servers as NATS_URL has them."""
        return ",".join(node.running.url for node in self.nodes)

    def leader(self, stream: str) -> Node:
        """Return the node that leads a stream, once there is one."""
        found: list[Node] = []

        def led() -> bool:
            found[:] = [node for node in self.nodes if self._leads(node, stream)]
            return len(found) == 1

        until(led, ELECTED)
        return found[0]

    def follower(self, stream: str) -> Node:
        """Return a node that does not lead a stream."""
        leader = self.leader(stream)
        return next(node for node in self.nodes if node is not leader)

    def wait_until_whole(self) -> None:
        """Return when every node is healthy, with a current copy of everything that there is."""
        until(lambda: all(_healthy(node) for node in self.nodes), ELECTED)
        until(self._is_whole, ELECTED)

    def _is_whole(self) -> bool:
        """Say whether each stream and consumer has a leader to which all others are current."""
        copies = [_copies(node) for node in self.nodes]
        groups = [group for node in self.nodes for group in _led(node)]
        return all(each == copies[0] for each in copies) and all(map(_is_current, groups))

    @staticmethod
    def _leads(node: Node, stream: str) -> bool:
        return any(
            found["name"] == stream and found.get("cluster", {}).get("leader") == node.name
            for found in node.streams()
        )


def _healthy(node: Node) -> bool:
    """Say whether a server is in the cluster and has caught up (`/healthz` of its monitoring)."""
    return bool(node.asked("/healthz").get("status") == "ok")


def _copies(node: Node) -> set[str]:
    """Return the names of the streams that a server holds."""
    return {stream["name"] for stream in node.streams()}


def _led(node: Node) -> Iterator[dict[str, Any]]:
    """Yield the raft groups of streams and consumers that a node leads."""
    for stream in node.streams():
        for each in (stream, *stream.get("consumer_detail", [])):
            group = each.get("cluster", {})
            if group.get("leader") == node.name:
                yield group


def _is_current(group: dict[str, Any]) -> bool:
    replicas = group.get("replicas", [])
    return len(replicas) == SIZE - 1 and all(
        replica["current"] and not replica.get("offline") and not replica.get("lag")
        for replica in replicas
    )


@contextmanager
def nats_cluster(state: Path) -> Iterator[Cluster]:
    """Run a cluster on free ports of 127.0.0.1 until the block ends."""
    routes = [free_port() for _ in range(SIZE)]
    nodes = [_node(state, number, routes) for number in range(SIZE)]
    with ExitStack() as closing:
        for node in nodes:
            closing.callback(node.running.stop)
            node.running.start()
        cluster = Cluster(nodes)
        cluster.wait_until_whole()
        yield cluster


def _node(state: Path, number: int, routes: list[int]) -> Node:
    name, port, monitor = f"node-{number}", free_port(), free_port()
    store = state / name
    configuration = state / f"{name}.conf"
    text = _CONFIGURATION.format(
        name=name,
        host=HOST,
        port=port,
        monitor=monitor,
        route=routes[number],
        routes=", ".join(f'"nats://{HOST}:{route}"' for route in routes),
        store=store,
    )
    configuration.write_text(text)
    monitoring = f"http://{HOST}:{monitor}"
    program = Program(
        name=name,
        argv=(str(nats_binary()), "--config", str(configuration)),
        log=state / "logs" / f"{name}.log",
    )

    def greets() -> bool:
        """Say whether the server is there; it needs the others to be healthy."""
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{monitoring}/varz", timeout=5).status_code == 200
        return False

    server = Server(program=program, url=f"nats://{HOST}:{port}", ready=greets, monitor=monitoring)
    return Node(name, RunningServer(server), store, monitoring)
