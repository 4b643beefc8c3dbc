"""A whole stack whose servers and links can be broken at will."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from load import Ledger
from processes import free_port
from proxies import Proxy, proxy
from stack import Stack

from infra.local.servers import RunningServer, Servers, embedded

Outage = Callable[[RunningServer], AbstractContextManager[None]]
"""How a server goes away while a block runs."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A stack on servers outside of it; each proxy stands in one kind of link."""

    stack: Stack
    servers: Servers
    ledger: Ledger
    links: dict[str, Proxy]


@contextmanager
def rigged(state: Path, *options: str) -> Iterator[Rig]:
    """Run a stack with proxies before NATS, PostgreSQL and the collectors."""
    port = free_port()
    with ExitStack() as closing:
        servers = closing.enter_context(embedded(state / "servers"))
        urls = {"broker": servers.nats.url, "database": servers.postgres.url}
        links = {
            name: closing.enter_context(proxy(urlsplit(url).port or 0))
            for name, url in urls.items()
        }
        links["collectors"] = closing.enter_context(proxy(port))
        stack = Stack(state / "stack")
        closing.callback(stack.down)
        with pytest.MonkeyPatch.context() as patch:
            _configure(patch, links["collectors"])
            urls = {name: _through(links[name], url) for name, url in urls.items()}
            stack.up(
                *("--port", str(port)),
                *("--nats-url", urls["broker"], "--database-url", urls["database"]),
                *options,
            )
        yield Rig(stack, servers, Ledger(), links)


def _configure(patch: pytest.MonkeyPatch, collectors: Proxy) -> None:
    """Have the connector call through the proxy, and give up and retry soon."""
    for name in ("fb-consume", "ttk-consume"):
        variable = f"{name.replace('-', '_').upper()}_URL"
        patch.setenv(variable, f"http://127.0.0.1:{collectors.port}/function/{name}")
    for variable, seconds in (("ACK_WAIT", "5"), ("INVOKE_TIMEOUT", "5"), ("RETRY_MAX", "2")):
        patch.setenv(variable, seconds)


def _through(link: Proxy, url: str) -> str:
    return url.replace(f":{urlsplit(url).port}", f":{link.port}", 1)


@contextmanager
def stopped(server: RunningServer) -> Iterator[None]:
    """Stop a server while the block runs."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: RunningServer) -> Iterator[None]:
    """Freeze a server's processes while the block runs: connections stay, answers do not come."""
    process = psutil.Process(server.pid)
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for member in family:
            member.send_signal(signal.SIGCONT)
