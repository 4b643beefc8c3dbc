"""A stack under test: the `hookstream` command, the gateway's URLs, the database."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import stamina

HOOKSTREAM = Path(sys.executable).with_name("hookstream")


class Stack:
    """Drives one stack on a state directory of its own; `environment` is added to the test's."""

    def __init__(self, state: Path, environment: Mapping[str, str] | None = None) -> None:
        self.state = state
        self._environment = environment or {}
        self.urls: dict[str, Any] = {}

    def command(self, *arguments: str, expect: int = 0, timeout: float = 200) -> str:
        """Run a `hookstream` command on the state directory and return its standard output."""
        line = [str(HOOKSTREAM), *arguments, "--state-dir", str(self.state)]
        env = {**os.environ, **self._environment}
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, timeout=timeout, env=env
        )
        assert done.returncode == expect, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def up(self, *options: str) -> dict[str, Any]:
        """Start the stack on free ports and return what `up --json` prints."""
        self.urls = json.loads(self.command("up", "--detach", "--json", "--port", "0", *options))
        return self.urls

    def down(self) -> None:
        """Stop the stack."""
        self.command("down")

    def status(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        return json.loads(self.command("status", "--json"))  # type: ignore[no-any-return]

    def replicas(self, function: str) -> int:
        """Return the number of replicas of a function."""
        [found] = [f for f in self.status()["functions"] if f["name"] == function]
        return int(found["replicas"])

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the processes whose name begins with `name`."""
        listed = self.status()["processes"]
        return [psutil.Process(p["pid"]) for p in listed if p["name"].startswith(name)]

    def post(self, body: object, **options: Any) -> httpx2.Response:  # noqa: ANN401 - httpx's own
        """POST events to webhook-ingest through the gateway; bytes are sent as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.urls['gateway']}/function/webhook-ingest"
        return httpx2.post(url, content=content, timeout=60, **options)

    def report(self, name: str, **parameters: str) -> dict[str, Any]:
        """Return a report's answer."""
        url = f"{self.urls['gateway']}/reports/{name}"
        answer = httpx2.get(url, params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def total_events(self) -> int:
        """Return the number of events in the report."""
        return int(self.report("events")["totalEvents"])

    def counters(self) -> dict[str, float]:
        """Return the counters of the gateway's metrics; those of one process end with it."""
        text = httpx2.get(self.urls["metrics"], timeout=10).text
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        pairs = (line.rpartition(" ") for line in lines)
        return {
            name: float(value)
            for name, _, value in pairs
            if "_total" in name and "{process=" not in name
        }

    def rows(self) -> Counter[tuple[str, str]]:
        """Return the number of stored rows by source and event type."""
        with psycopg.connect(self.urls["database"]) as connection:
            found = connection.execute(
                "select source, event_type, count(*) from events"
                " join event_types on type_id = id group by 1, 2"
            )
            return Counter({(source, name): count for source, name, count in found})

    def settle(self, expected: int, timeout: float = 30) -> None:
        """Return when the report shows the expected number of events, and fails if it is more."""
        until(lambda: self.total_events() >= expected, timeout)
        assert self.total_events() == expected


def alive(process: psutil.Process) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], timeout: float = 30) -> None:
    """Return when the condition holds; fails after `timeout` seconds."""
    for attempt in stamina.retry_context(
        on=AssertionError, attempts=None, timeout=timeout, wait_initial=0.02, wait_max=0.3
    ):
        with attempt:
            assert condition()


def counts(events: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Return the number of distinct events by source and event type."""
    unique = {(e["source"], e["eventId"]): (e["source"], e["eventType"]) for e in events}
    return Counter(unique.values())


def revenue(events: list[dict[str, Any]]) -> Decimal:
    """Return the revenue of distinct events."""
    unique = {(e["source"], e["eventId"]): e for e in events}
    return sum(
        (
            Decimal(event["data"]["engagement"]["purchaseAmount"] or 0)
            for event in unique.values()
            if event["eventType"] in ("checkout.complete", "purchase")
        ),
        Decimal(0),
    )


def reported(answer: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Return the events report's groups by source and event type."""
    return Counter({(g["source"], g["eventType"]): g["count"] for g in answer["groups"]})
