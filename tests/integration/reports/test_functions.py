import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from infra.local.ports import free_port
from infra.local.state import wait_until

ROOT = Path(__file__).parents[3]
NAMES = ("events", "revenue", "demographics", "funnel")


def framework(name: str, port: int) -> list[str]:
    source = ROOT / "functions" / f"report_{name}" / "main.py"
    program = str(Path(sys.executable).with_name("functions-framework"))
    options = ("--source", str(source), "--target", f"report_{name}")
    return [program, "--asgi", *options, "--host", "127.0.0.1", "--port", str(port)]


def runner(name: str, _port: int) -> list[str]:
    return [sys.executable, "-m", "shared.serve", f"report-{name}"]


@contextmanager
def serving(command: list[str], port: int, database_url: str) -> Iterator[httpx2.Client]:
    """Run a server until the block ends."""
    environment = {
        **os.environ,
        "AUTH": "none",
        "DATABASE_URL": database_url,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            assert wait_until(lambda: is_live(client), 30)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def is_live(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", [framework, runner])
def test_serves(report_url: str, name: str, command: object) -> None:
    assert callable(command)
    port = free_port()
    with serving(command(name, port), port, report_url) as client:
        assert client.get("/health/ready").status_code == 200
        answer = client.get("/", params={"from": "2026-01-01"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["range"]["from"] == "2026-01-01T00:00:00Z"
        head = client.head("/", params={"from": "2026-01-01"})
        assert (head.status_code, head.content) == (200, b"")
        refused = client.get("/", params={"colour": "red"})
        assert refused.status_code == 400
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["parameter"] == "colour"
        assert client.post("/").status_code == 405
        assert f'reports_generated_total{{report="{name}"}} 2.0' in client.get("/metrics").text
