"""Each function serves under functions-framework, with nothing of ours around it."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psycopg
import pytest
import streams
from builders import facebook, tiktok
from processes import free_port, run, wait_until_ready

from infra.local.servers import Servers
from shared.batch import StoredMessage, encode_batch
from shared.cloudevents import BATCH_TYPE

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))


@pytest.fixture(params=ROLES)
def role(request: pytest.FixtureRequest) -> str:
    """Return each role's target in turn."""
    return str(request.param)


@pytest.fixture
def url(role: str, servers: Servers, database_url: str, nats_url: str) -> Iterator[str]:
    """Serve a role with the framework's own command."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("functions-framework")),
        "--asgi",
        *("--source", str(ROOT / "functions" / role / "main.py")),
        *("--target", role, "--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = {"NATS_URL": nats_url, "DATABASE_URL": database_url, "AUTH": "none"}
    with run(command, environment):
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    assert servers.nats.url == nats_url


def test_it_serves(url: str, role: str, nats_url: str, database_url: str) -> None:
    if role == "webhook_ingest":
        event = facebook()
        assert httpx2.post(f"{url}/any/path", json=event).json()["accepted"] == 1
        assert streams.events(nats_url) == [event]
    elif role.endswith("_consume"):
        event = facebook() if role == "fb_consume" else tiktok()
        payload = json.dumps([event, event]).encode()
        message = StoredMessage("EVENTS", 1, "facebook", datetime.now(UTC), {}, payload)
        headers = {"content-type": BATCH_TYPE}
        answer = httpx2.post(url, content=encode_batch([message]), headers=headers)
        assert answer.json() == {"batchItemFailures": [], "rejected": []}
        with psycopg.connect(database_url) as connection:
            stored = connection.execute("select event_id from events").fetchall()
        assert stored == [(event["eventId"],)]
    elif role == "deadletter":
        assert httpx2.get(url).json() == {"letters": [], "next": None}
        assert httpx2.get(f"{url}/1").status_code == 404
        assert httpx2.post(f"{url}/drop", json={}).json()["dropped"] == 0
    elif role == "report_dashboard":
        assert "<title>hookstream dashboard</title>" in httpx2.get(f"{url}/").text
        assert httpx2.get(f"{url}/pipeline").json()["sources"]
    else:
        answer = httpx2.get(url, params={"source": "tiktok"})
        assert answer.status_code == 200
        assert answer.json()["range"] == {"from": None, "to": None}
        assert httpx2.get(url, params={"nonsense": "1"}).status_code == 400
    assert httpx2.get(f"{url}/metrics").status_code == 200
