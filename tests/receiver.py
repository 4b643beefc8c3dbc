"""A real HTTP server that answers as hookstream's gateway does, with faults on demand."""

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import zstandard
from aiohttp import web
from contract import REVENUE, Event, is_valid


class Receiver:
    """Keeps events by (source, eventId). `faults` are met by the next requests, first to last.

    A fault is an HTTP status; 0 resets the connection, and a negative one stores the events and
    then resets it. `lost` events are shown by no report; `held` requests get no answer.
    """

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], Event] = {}
        self.faults: list[int] = []
        self.retry_after = "0"
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.lost = 0
        self.held = False
        self.url = ""

    async def ingest(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        self.bodies.append(content)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.held:
            await asyncio.Event().wait()
        fault = self.faults.pop(0) if self.faults else 200
        if fault > 200:
            problem = {"code": "broken", "detail": "as asked"}
            headers = {"retry-after": self.retry_after}
            return web.json_response(problem, status=fault, headers=headers)
        answer = self._store(content, request.headers)
        if fault <= 0:
            if fault == 0:
                self.events.clear()
            assert request.transport is not None
            request.transport.abort()
        status = 200 if answer["accepted"] else 422
        return web.json_response(answer, status=status)

    def _store(self, content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        encoding = headers.get("content-encoding")
        if encoding == "gzip":
            content = gzip.decompress(content)
        elif encoding == "zstd":
            content = zstandard.decompress(content)
        results = []
        events = _events(content, headers["content-type"])
        for index, event in enumerate(events):
            if is_valid(event) and event["data"]["engagement"].get("watchTime") != -1:
                self.events[event["source"], event["eventId"]] = event
            else:
                results.append({"index": index, "eventId": None, "code": "bad", "path": "$"})
        accepted = len(events) - len(results)
        return {"accepted": accepted, "rejected": len(results), "results": results}

    def _visible(self) -> list[Event]:
        return list(self.events.values())[: len(self.events) - self.lost]

    async def report_events(self, _: web.Request) -> web.Response:
        groups = Counter(
            (event["source"], event["funnelStage"], event["eventType"]) for event in self._visible()
        )
        return web.json_response(
            {
                "asOf": datetime.now(UTC).isoformat(),
                "totalEvents": groups.total(),
                "groups": [
                    {"source": s, "funnelStage": f, "eventType": t, "count": count}
                    for (s, f, t), count in groups.items()
                ],
            }
        )

    async def report_revenue(self, _: web.Request) -> web.Response:
        sums: dict[tuple[str, str], list[Decimal]] = {}
        for event in self._visible():
            if event["eventType"] in REVENUE:
                key = (event["source"], event["eventType"])
                amount = Decimal(event["data"]["engagement"]["purchaseAmount"])
                sums.setdefault(key, []).append(amount)
        return web.json_response(
            {
                "totalRevenue": str(sum(map(sum, sums.values()), Decimal(0))),
                "groups": [
                    {
                        "source": source,
                        "eventType": event_type,
                        "totalRevenue": str(sum(amounts, Decimal(0))),
                        "transactionCount": len(amounts),
                    }
                    for (source, event_type), amounts in sums.items()
                ],
            }
        )


def _events(content: bytes, content_type: str) -> list[Event]:
    if content_type == "application/x-ndjson":
        return [msgspec.json.decode(line) for line in content.splitlines()]
    document = msgspec.json.decode(content)
    if isinstance(document, list):
        return document
    events: list[Event] = document.get("events", [document])
    return events


@asynccontextmanager
async def running(receiver: Receiver) -> AsyncIterator[str]:
    """Serve meanwhile, on a free port, and yield the base URL."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_get("/reports/events", receiver.report_events)
    app.router.add_get("/reports/revenue", receiver.report_revenue)
    app.router.add_post("/{path:.*}", receiver.ingest)
    runner = web.AppRunner(app, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}"
        yield receiver.url
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.005)
