"""Each function does for each scope what it is for, and refuses the rest."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import streams
from builders import facebook
from integration.access.conftest import DELIVERY_KEY, FUNCTIONS, Guarded
from stack import until

SCOPES = ("ingest", "report", "ops", "admin")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a function, and the scope that it needs; 'none' is of no scope at all."""

    name: str
    function: str
    scope: str
    method: str = "GET"
    path: str = "/"
    body: object = None

    def ask(self, guarded: Guarded, **headers: str) -> httpx2.Response:
        url = f"{guarded.functions[self.function].url}{self.path}"
        content = None if self.body is None else self.body
        return httpx2.request(self.method, url, json=content, headers=headers, timeout=20)


CALLS = [
    Call("ingest", "webhook-ingest", "ingest", "POST", "/any", facebook()),
    *(
        Call(name, name, "report")
        for name in ("report-events", "report-revenue", "report-demographics", "report-funnel")
    ),
    Call("csv", "report-events", "report", path="/?format=csv"),
    Call("pipeline", "report-dashboard", "ops", path="/pipeline"),
    Call("list letters", "deadletter", "ops"),
    Call("show a letter", "deadletter", "ops", path="/1"),
    Call("redrive", "deadletter", "ops", "POST", "/redrive", {"dryRun": True}),
    Call("drop", "deadletter", "ops", "POST", "/drop", {"dryRun": True}),
    Call("fb-consume", "fb-consume", "none", "POST", "/", []),
    Call("ttk-consume", "ttk-consume", "none", "POST", "/", []),
]


def named(call: Call) -> str:
    return call.name.replace(" ", "-")


def allowed(call: Call, scope: str) -> bool:
    return call.scope != "none" and scope in {call.scope, "admin"}


GRANTED = [(call, scope) for call in CALLS for scope in SCOPES if allowed(call, scope)]
FORBIDDEN = [(call, scope) for call in CALLS for scope in SCOPES if not allowed(call, scope)]


@pytest.mark.parametrize(
    ("call", "scope"), GRANTED, ids=[f"{scope}-{named(call)}" for call, scope in GRANTED]
)
def test_granted(guarded: Guarded, keys: dict[str, str], call: Call, scope: str) -> None:
    answer = call.ask(guarded, authorization=f"Bearer {keys[scope]}")
    assert answer.status_code in {200, 404}, answer.text
    assert call.ask(guarded, **{"x-api-key": keys[scope]}).status_code == answer.status_code


@pytest.mark.parametrize(
    ("call", "scope"), FORBIDDEN, ids=[f"{scope}-{named(call)}" for call, scope in FORBIDDEN]
)
def test_forbidden(guarded: Guarded, keys: dict[str, str], call: Call, scope: str) -> None:
    answer = call.ask(guarded, authorization=f"Bearer {keys[scope]}")
    if call.scope == "none":
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.json()["scope"] == call.scope
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_without_a_valid_key(guarded: Guarded, keys: dict[str, str], call: Call) -> None:
    admin = keys["admin"]
    for headers in (
        {},
        {"authorization": ""},
        {"authorization": admin},
        {"authorization": "Bearer"},
        {"authorization": f"Basic {admin}"},
        {"authorization": f"Bearer {admin[:-1]}"},
        {"authorization": f"Bearer {admin}x"},
        {"authorization": "Bearer é"},
        {"authorization": "Bearer a.b.c"},
        {"x-api-key": admin.upper()},
        {"x-hub-signature-256": "sha256=00", "webhook-signature": "v1,00"},
        {"cookie": f"authorization=Bearer {admin}"},
    ):
        encoded = {name: value.encode() for name, value in headers.items()}
        answer = call.ask(guarded, **encoded)  # type: ignore[arg-type]  # bytes do as well
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert admin not in answer.text


def test_what_is_refused_stores_nothing(guarded: Guarded, keys: dict[str, str]) -> None:
    before = len(streams.messages(guarded.nats_url))
    call = Call("ingest", "webhook-ingest", "ingest", "POST", "/", [facebook(), {"bad": 1}])
    for key in (keys["report"], keys["ops"], "x"):
        assert call.ask(guarded, authorization=f"Bearer {key}").status_code in {401, 403}
    assert len(streams.messages(guarded.nats_url)) == before
    assert not streams.messages(guarded.nats_url, "DEADLETTER")


def test_only_the_connector_delivers(guarded: Guarded) -> None:
    for name in ("fb-consume", "ttk-consume"):
        call = Call(name, name, "none", "POST", "/", [])
        answer = call.ask(guarded, authorization=f"Bearer {DELIVERY_KEY}")
        assert answer.json()["code"] != "invalid_credentials"
        assert call.ask(guarded, authorization=f"Bearer {DELIVERY_KEY}x").status_code == 401


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json"])
def test_what_tells_nothing_is_open(guarded: Guarded, name: str, path: str) -> None:
    assert httpx2.get(f"{guarded.functions[name].url}{path}").status_code == 200


def test_the_page_itself_is_open(guarded: Guarded) -> None:
    page = httpx2.get(guarded.functions["report-dashboard"].url)
    assert "<title>hookstream dashboard</title>" in page.text


def status(guarded: Guarded, function: str, key: str) -> int:
    headers = {"authorization": f"Bearer {key}"}
    url = guarded.functions[function].url
    if function == "webhook-ingest":
        return httpx2.post(url, json=facebook(), headers=headers).status_code
    return httpx2.get(url, headers=headers).status_code


@pytest.mark.parametrize("function", ["webhook-ingest", "report-events", "deadletter"])
def test_a_revoked_key_is_refused_soon(guarded: Guarded, function: str) -> None:
    key = guarded.create("--scope", "admin")
    until(lambda: status(guarded, function, key) == 200)
    guarded.keys("revoke", key.split("_")[1])
    until(lambda: status(guarded, function, key) == 401)


def test_a_key_with_several_scopes(guarded: Guarded) -> None:
    key = guarded.create("--scope", "ingest", "--scope", "report")
    until(lambda: status(guarded, "webhook-ingest", key) == 200)
    until(lambda: status(guarded, "report-funnel", key) == 200)
    until(lambda: status(guarded, "deadletter", key) == 403)


def test_a_key_expires(guarded: Guarded) -> None:
    key = guarded.create("--scope", "report", "--expires", "4s")
    until(lambda: status(guarded, "report-events", key) == 200)
    until(lambda: status(guarded, "report-events", key) == 401)


def test_a_key_has_a_rate(guarded: Guarded, keys: dict[str, str]) -> None:
    key = guarded.create("--scope", "report", "--rate", "0.01")
    until(lambda: status(guarded, "report-revenue", key) == 200)
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx2.get(guarded.functions["report-revenue"].url, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 50 < int(answer.headers["retry-after"]) <= 100
    assert status(guarded, "report-revenue", keys["report"]) == 200


def test_keys_are_shown_once(guarded: Guarded) -> None:
    key = guarded.create("--scope", "ops")
    identity, secret = key.split("_", 2)[1:]
    found: list[dict[str, Any]] = guarded.keys("ls")["keys"]
    [listed] = [each for each in found if each["id"] == identity]
    assert (listed["scopes"], listed["state"], listed["rate"]) == (["ops"], "active", 1000)
    assert secret not in str(found)
    [message] = streams.messages(guarded.nats_url, "KEYS")
    assert identity in str(message.data)
    assert secret not in str(message.data)
    assert guarded.keys("revoke", identity, "0000", expect=1)["missing"] == ["0000"]
    [listed] = [each for each in guarded.keys("ls")["keys"] if each["id"] == identity]
    assert listed["state"] == "revoked"
