"""An HTTP function whose answers a test writes."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Batch = list[dict[str, Any]]
Answer = tuple[int, dict[str, str], bytes]
Script = Callable[[int, Batch], Answer | None]


def stored(_call: int, _batch: Batch) -> Answer:
    """Answer as a collector does that stored everything."""
    return 200, {}, b'{"batchItemFailures":[]}'


@dataclass
class ScriptedFunction:
    """An HTTP function that answers each call by a script; None resets the connection.

    A script's own content-length may promise more than comes.
    """

    url: str
    script: Script = stored
    calls: list[Batch] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def received(self) -> list[Any]:
        """Return all events of all calls, in order of arrival."""
        return [event for batch in self.calls for message in batch for event in message["data"]]

    def wait_for(self, condition: Callable[[], bool], timeout: float = 20) -> None:
        """Return when the condition holds after some call; fails after `timeout` seconds."""
        with self.changed:
            assert self.changed.wait_for(condition, timeout), f"{len(self.calls)} calls"


class _Server(ThreadingHTTPServer):
    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the original
        """Close without the orderly end of a connection, so that a reset is one."""
        self.close_request(request)


@contextmanager
def scripted_function() -> Iterator[ScriptedFunction]:
    """Serve a scripted function on a port of its own."""
    scripted = ScriptedFunction(url="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            batch = json.loads(body)
            with scripted.changed:
                scripted.calls.append(batch)
                number = len(scripted.calls)
            answer = scripted.script(number, batch)
            with scripted.changed:
                scripted.changed.notify_all()
            if answer is None:
                # Closed with no time to linger, a connection ends in a reset.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scripted.url = f"http://127.0.0.1:{server.server_port}"
    yield scripted
    server.shutdown()
    thread.join()
    server.server_close()
