"""An execution environment of Lambda: a process of the real runtime client, and its Runtime API.

Contract: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. The standard library
alone: LocalStack's own interpreter runs this as well.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = "/2018-06-01/runtime/"
GRACE = 2.0
"""Seconds that a process has to end after SIGTERM."""


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to; `payload` is the answer, or the error where it `failed`."""

    request_id: str
    payload: bytes
    failed: bool
    log: str

    @property
    def answer(self) -> Any:  # noqa: ANN401 - whatever a handler returns
        """Return the answer of a handler. Raises AssertionError if it failed."""
        assert not self.failed, f"{self.payload.decode()}\n{self.log}"
        return json.loads(self.payload)


class InitError(Exception):
    """The handler could not be loaded; `payload` is the error as the client reports it."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode())
        self.payload = payload


def failure(kind: str, message: str) -> bytes:
    """Return an error as Lambda words its own."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Do nothing: the client is gone, which _watch() sees as well."""


class _Api:
    """What the runtime client asks: for the next event, and to take what became of the last."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[tuple[bytes, Mapping[str, str]] | None]
        self.events = queue.SimpleQueue()
        self.outcome: Future[tuple[bool, bytes]] = Future()
        self.loaded: Future[bytes | None] = Future()
        """Resolves once the handler is loaded, with the error if it could not be."""
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Let the client's question for the next event end, and serve no more."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def give_up(self, error: bytes) -> None:
        """Fail whatever waits: the client is gone."""
        with contextlib.suppress(InvalidStateError):
            self.loaded.set_result(error)
        with contextlib.suppress(InvalidStateError):
            self.outcome.set_result((True, error))

    def take(self, path: str, body: bytes) -> None:
        """Note what the client reports at a path."""
        if path == f"{API}init/error":
            self.loaded.set_result(body)
        else:
            with contextlib.suppress(InvalidStateError):
                self.outcome.set_result((path.endswith("/error"), body))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Heads and bodies in one segment: the client's kernel would wait with its ACK.
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def do_GET(self) -> None:
                with contextlib.suppress(InvalidStateError):
                    api.loaded.set_result(None)
                if (event := api.events.get()) is None:
                    self.close_connection = True
                else:
                    self._answer(200, *event)

            def do_POST(self) -> None:
                api.take(self.path, self._body())
                self._answer(202, b'{"status":"OK"}', {})

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length", "0")))
                parts = []
                while length := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(length))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(status)
                # The client crashes without a content type.
                own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                for name, text in {**headers, **own}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

        return Handler


class Environment:
    """Starts its process with the first invocation, and anew after one that ended it.

    `python` has the runtime client; `code` is the folder of the function. Times are in seconds.
    """

    def __init__(
        self,
        python: str,
        handler: str,
        code: Path,
        variables: Mapping[str, str],
        timeout: float = 60,
        start_timeout: float = 60,
    ) -> None:
        self._command = [python, "-m", "awslambdaric", handler]
        self._code = code
        self._variables = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "AWS_REGION": "eu-central-1",
            **variables,
            "LAMBDA_TASK_ROOT": str(code),
        }
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._lock = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would have to be read
        self._logged = 0
        self._api: _Api | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; return once it has loaded the handler. Raises InitError."""
        api = self._api = _Api()
        process = self._process = subprocess.Popen(
            self._command,
            cwd=self._code,
            env={**self._variables, "AWS_LAMBDA_RUNTIME_API": api.address},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=_watch, args=(process, api), daemon=True).start()
        try:
            error = api.loaded.result(self._start_timeout)
        except TimeoutError:
            error = failure("Sandbox.Timedout", "the handler was not loaded in time")
        if error is not None:
            self.stop()
            raise InitError(error)

    def invoke(self, event: bytes, request_id: str = "", arn: str = "") -> Outcome:
        """Have the handler handle an event. Raises InitError."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.stop()
                self.start()
            api = self._api
            assert api is not None
            request_id = request_id or str(uuid.uuid4())
            api.outcome = Future()
            deadline = int((time.time() + self._timeout) * 1000)
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
            }
            api.events.put((event, headers))
            try:
                failed, payload = api.outcome.result(self._timeout)
            except TimeoutError:
                self.stop()
                failed, payload = True, failure("Sandbox.Timedout", "Task timed out")
            return Outcome(request_id, payload, failed, self.read_log())

    def handle(self, event: object) -> Any:  # noqa: ANN401 - whatever a handler returns
        """Return a handler's answer to an event."""
        return self.invoke(json.dumps(event).encode()).answer

    def read_log(self) -> str:
        """Return what was written since the last time."""
        text = os.pread(self._log.fileno(), 1 << 26, self._logged)
        self._logged += len(text)
        return text.decode(errors="replace")

    def stop(self) -> None:
        """End the process and its Runtime API."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        api, self._api = self._api, None
        if api is not None:
            api.close()

    def close(self) -> None:
        """End the process for good."""
        self.stop()
        self._log.close()


def _watch(process: subprocess.Popen[bytes], api: _Api) -> None:
    status = process.wait()
    api.give_up(failure("Runtime.ExitError", f"Runtime exited with status {status}"))
