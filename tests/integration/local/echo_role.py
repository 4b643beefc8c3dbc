"""A function without any business: the replica process of the gateway's tests."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from shared.metrics import Counter

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REQUESTS = Counter("echo_requests", "Requests that were answered.")


async def app(scope: Message, receive: Receive, send: Send) -> None:
    action = scope["path"].rpartition("/")[2]
    query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
    if action == "echo":
        await echo(receive, send)
    elif action == "die":
        await receive()
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "die-midway":
        await start(send, 200, {"content-length": "1000000"})
        await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        await asyncio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "say":
        sys.stdout.write(query["text"] + "\n")
        sys.stdout.flush()
        await answer(send, {"said": query["text"]})
    elif action == "refuse":
        await answer(send, {"refused": True}, 413)
    else:
        await describe(scope, receive, send, query)
    REQUESTS.inc()


async def echo(receive: Receive, send: Send) -> None:
    await start(send, 200, {"content-type": "application/octet-stream"})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def describe(scope: Message, receive: Receive, send: Send, query: dict[str, str]) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        size += len(message.get("body", b""))
    await asyncio.sleep(float(query.get("sleep", "0")))
    seen = {
        "pid": os.getpid(),
        "method": scope["method"],
        "rawPath": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "size": size,
        "secret": secret(query.get("secret")),
        "variable": os.environ.get(query.get("variable", "")),
        "headers": {k.decode(): v.decode() for k, v in scope["headers"]},
    }
    await answer(send, seen, int(query.get("status", "200")))


def secret(name: str | None) -> str | None:
    """Return a secret as functions on OpenFaaS read it, but for the folder."""
    path = Path(os.environ["SECRETS_DIR"], name or "none")
    return path.read_text() if path.exists() else None


async def start(send: Send, status: int, headers: dict[str, str]) -> None:
    pairs = [(k.encode(), v.encode()) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def answer(send: Send, document: object, status: int = 200) -> None:
    body = b"" if status in {204, 304} else json.dumps(document).encode()
    if not body:
        await start(send, status, {"etag": '"1"'})
        await send({"type": "http.response.body"})
        return
    await start(send, status, {"content-length": str(len(body)), "x-role": "echo"})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    if "crash" in sys.argv:
        sys.exit("this role cannot start")
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    listener = socket.socket(fileno=int(os.environ["LISTEN_FD"]))
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
