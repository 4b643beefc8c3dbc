"""Somebody who waits to be called back."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Callback:
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Caller:
    url: str
    callbacks: "queue.Queue[Callback]"
    answers: "queue.Queue[int]"
    """Statuses to answer with, in turn; 200 from then on."""

    def called(self, timeout: float = 60) -> Callback:
        return self.callbacks.get(timeout=timeout)


@contextmanager
def caller() -> Iterator[Caller]:
    callbacks: queue.Queue[Callback] = queue.Queue()
    answers: queue.Queue[int] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = 200 if answers.empty() else answers.get()
            headers = {name.lower(): value for name, value in self.headers.items()}
            callbacks.put(Callback(headers, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Caller(f"http://127.0.0.1:{server.server_port}/done", callbacks, answers)
        server.shutdown()
