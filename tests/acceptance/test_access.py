"""A stack that asks for keys: the commands, the gateway, the provider API and the dashboard."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from browsers import Tab, chromium
from builders import facebook
from stack import Stack, until

EVENTS = 500


@pytest.fixture(scope="module")
def stack(scratch: Path) -> Iterator[Stack]:
    """Run a stack with AUTH=keys."""
    running = Stack(scratch / "access")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "keys")
        running.up()
    yield running
    running.down()


@pytest.fixture(scope="module")
def keys(stack: Stack) -> dict[str, str]:
    """Return a key of each scope, and one for everything but ops."""
    scopes = {"both": ("ingest", "report")} | {
        s: (s,) for s in ("ingest", "report", "ops", "admin")
    }
    return {name: create(stack, *wanted) for name, wanted in scopes.items()}


def create(stack: Stack, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    return str(json.loads(stack.command("keys", "create", "test", *options, "--json"))["key"])


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_events_are_sent_proved_and_reported_with_a_key(
    stack: Stack, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "401" in stack.command("publish", "--number", "10", "--no-prove", expect=1)
    until(lambda: stack.post(facebook(), headers=bearer(keys["ingest"])).status_code == 200)
    monkeypatch.setenv("HOOKSTREAM_API_KEY", keys["both"])
    stack.command("publish", "--number", str(EVENTS), "--prove")
    report = json.loads(stack.command("report", "events", "--json"))
    assert report["totalEvents"] >= EVENTS
    monkeypatch.setenv("HOOKSTREAM_API_KEY", keys["ingest"])
    stack.command("report", "events", "--json", expect=1)
    monkeypatch.delenv("HOOKSTREAM_API_KEY")
    stack.command("report", "events", "--json", expect=1)


def test_nobody_delivers_past_the_connector(stack: Stack, keys: dict[str, str]) -> None:
    for name in ("fb-consume", "ttk-consume"):
        url = f"{stack.urls['gateway']}/function/{name}"
        for headers in ({}, bearer(keys["admin"])):
            assert httpx2.post(url, json=[], headers=headers, timeout=30).status_code == 401


@pytest.mark.parametrize(
    ("name", "status"),
    [("", 401), ("ingest", 403), ("report", 403), ("both", 403), ("ops", 200), ("admin", 200)],
)
@pytest.mark.parametrize("path", ["/system/functions", "/system/secrets", "/system/info"])
def test_the_provider_api_is_for_ops(
    stack: Stack, keys: dict[str, str], path: str, name: str, status: int
) -> None:
    headers = bearer(keys[name]) if name else {}
    url = f"{stack.urls['gateway']}{path}"
    until(lambda: httpx2.get(url, headers=headers).status_code == status)


def test_asynchronous_calls_need_what_the_function_needs(
    stack: Stack, keys: dict[str, str]
) -> None:
    url = f"{stack.urls['gateway']}/async-function/webhook-ingest"
    event = facebook(userId="asynchronous")
    assert httpx2.post(url, json=event, headers=bearer(keys["ingest"])).status_code == 202
    until(lambda: events_of(stack, keys["report"]) > EVENTS)
    before = events_of(stack, keys["report"])
    assert httpx2.post(url, json=facebook()).status_code == 401
    assert httpx2.post(url, json=facebook(), headers=bearer(keys["report"])).status_code == 202
    assert stack.post(facebook(), headers=bearer(keys["ingest"])).status_code == 200
    until(lambda: events_of(stack, keys["report"]) == before + 1)


def events_of(stack: Stack, key: str) -> int:
    url = f"{stack.urls['gateway']}/reports/events"
    answer = httpx2.get(url, headers=bearer(key), timeout=30)
    return int(answer.json()["totalEvents"]) if answer.is_success else -1


def test_a_revoked_key_is_of_no_use_within_seconds(stack: Stack) -> None:
    key = create(stack, "admin")

    def post() -> int:
        return stack.post(facebook(), headers=bearer(key)).status_code

    until(lambda: post() == 200)
    stack.command("keys", "revoke", key.split("_")[1])
    until(lambda: post() == 401, 10)
    until(lambda: events_of(stack, key) == -1, 10)


def test_no_process_has_a_secret_of_another(stack: Stack, keys: dict[str, str]) -> None:
    logs = "".join(path.read_text() for path in (stack.state / "logs").glob("*.log"))
    assert "key:" in logs
    for key in keys.values():
        assert key not in logs
    for process in stack.processes("webhook-ingest"):
        assert not {"DATABASE_URL", "DELIVERY_KEY", "HOOKSTREAM_API_KEY"} & process.environ().keys()
    assert "HOOKSTREAM_API_KEY" not in os.environ


def test_the_dashboard_asks_for_a_key(stack: Stack, keys: dict[str, str]) -> None:
    with chromium() as browser:
        tab = Tab(browser, stack.urls["gateway"])
        page = tab.page
        page.goto(f"{stack.urls['gateway']}/dashboard?range=all")
        page.wait_for_selector("#signin", timeout=60_000)
        assert not page.is_visible("#cards")
        page.fill("#credential", "hks_wrong_key")
        page.press("#credential", "Enter")
        page.wait_for_selector("#signin-said:has-text('not valid')", timeout=60_000)
        asked = len(tab.reports(401))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_selector("body:not(.asking)")
        assert len(tab.reports(401)) == asked, "nothing is asked without a key"
        assert "not valid" in tab.text("#signin-said")
        assert not page.is_visible("#refresh")
        page.fill("#credential", keys["report"])
        page.press("#credential", "Enter")
        page.wait_for_selector("#cards", timeout=60_000)
        tab.settle()
        assert not page.is_visible("#signin")
        assert re.fullmatch(r"[0-9,]{3,}", tab.figure("events-total"))
        assert "may not" in tab.text("#pipeline .state")
        with page.expect_download(timeout=60_000) as saved:
            page.click("#events .csv")
        assert "source,funnelStage" in Path(saved.value.path()).read_text()
        page.reload()
        tab.settle()
        assert page.is_visible("#signout")
        assert page.evaluate("Object.keys(localStorage).concat(document.cookie).join()") == ""
        page.click("#signout")
        page.wait_for_selector("#signin", timeout=60_000)
        assert page.evaluate("window.violations") == []
        page.fill("#credential", keys["admin"])
        page.press("#credential", "Enter")
        page.wait_for_selector("#pipeline .tiles", timeout=60_000)
        tab.settle()
        assert page.locator("#pipeline .functions li").count() >= 5
        tab.close()
