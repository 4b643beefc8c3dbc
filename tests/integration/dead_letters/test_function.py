"""The function `deadletter` over HTTP."""

from collections.abc import Iterator

import httpx2
import pytest
import streams
from builders import facebook
from integration.dead_letters.conftest import Bury
from integration.dead_letters.made import letter
from processes import serve


@pytest.fixture
def client(nats_url: str) -> Iterator[httpx2.Client]:
    """Run the function and return a client of it."""
    with (
        serve("shared.serve", "deadletter", environment={"NATS_URL": nats_url}) as served,
        httpx2.Client(base_url=served.url, timeout=30) as client,
    ):
        yield client


def test_a_round_trip(client: httpx2.Client, nats_url: str, bury_all: Bury) -> None:
    event = facebook(age=-1)
    bury_all([letter(event, code="out_of_range")])
    bury_all([letter(code="too_long"), letter(b"nonsense", code="too_long")])
    listed = client.get("/", params={"code": "out_of_range"}).json()
    assert [found["sequence"] for found in listed["letters"]] == [1]
    assert listed["next"] is None
    shown = client.get("/1").json()
    assert shown["code"] == "out_of_range"
    assert f'"eventId": "{event["eventId"]}"' in shown["event"]

    order = {"code": "out_of_range", "patch": {"data": {"user": {"age": 30}}}}
    counted = client.post("/redrive", json={**order, "dryRun": True}).json()
    assert (counted["dryRun"], counted["matched"], counted["redriven"]) == (True, 1, 1)
    assert not streams.messages(nats_url)
    done = client.post("/redrive", json=order).json()
    assert (done["redriven"], done["left"], done["more"]) == (1, 0, False)
    assert [found["eventId"] for found in streams.events(nats_url)] == [event["eventId"]]

    assert client.post("/redrive", json={"limit": 1}).json()["more"] is True
    assert client.get("/1").status_code == 404
    assert client.post("/drop", json={"dryRun": True}).json()["matched"] == 1
    assert client.post("/drop", json={"code": "too_long"}).json()["dropped"] == 1
    assert client.get("/").json() == {"letters": [], "next": None}


def test_pages(client: httpx2.Client, bury_all: Bury) -> None:
    bury_all(letter() for _ in range(5))
    first = client.get("/", params={"limit": 3}).json()
    assert [found["sequence"] for found in first["letters"]] == [5, 4, 3]
    second = client.get("/", params={"limit": 3, "after": first["next"]}).json()
    assert [found["sequence"] for found in second["letters"]] == [2, 1]
    oldest = client.get("/", params={"limit": 1, "order": "oldest"}).json()
    assert [found["sequence"] for found in oldest["letters"]] == [1]


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/?source=x", b"", 400, "invalid_parameter"),
        ("GET", "/1", b"", 404, "not_found"),
        ("GET", "/0", b"", 404, "not_found"),
        ("GET", "/nothing/here", b"", 404, "not_found"),
        ("GET", "/99999999999999999999", b"", 404, "not_found"),
        ("GET", "/9999999999999999999", b"", 404, "not_found"),
        ("GET", "/drop", b"", 405, "method_not_allowed"),
        ("DELETE", "/", b"", 405, "method_not_allowed"),
        ("POST", "/drop", b"", 400, "empty_body"),
        ("POST", "/drop", b"{", 400, "invalid_json"),
        ("POST", "/drop", b'{"patch":{}}', 400, "invalid_parameter"),
        ("POST", "/redrive", b'{"patch":[]}', 400, "invalid_parameter"),
    ],
)
def test_refusals(
    method: str, path: str, content: bytes, status: int, code: str, client: httpx2.Client
) -> None:
    answer = client.request(method, path, content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
