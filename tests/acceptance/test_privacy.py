"""After a main job of recognisable people and secrets, none of them is where operators look."""

import base64
import json
from typing import Any

import httpx2
import psycopg
import pytest
import streams
from builders import facebook, tiktok
from privacy import assert_private, documented_fields, lines, told
from stack import Stack, until

PERSON = "needle-person"
"""Part of each name, user id, place and id of a person that is sent."""

SECRET = "needle-secret"  # noqa: S105 - what must not be shown
"""Part of each credential that is sent."""


def people() -> list[dict[str, Any]]:
    """Return valid events of recognisable people."""
    return [
        facebook("checkout.complete", name=f"{PERSON} A", userId=f"{PERSON}-1"),
        facebook(name=f"{PERSON} B", userId=f"{PERSON}-2", city=f"{PERSON}-city"),
        tiktok("purchase", username=f"{PERSON}-c", userId=f"{PERSON}-3"),
        tiktok(username=f"{PERSON}-d", userId=f"{PERSON}-4", profileId=f"{PERSON}-p"),
    ]


def refused() -> list[Any]:
    """Return events that ingest refuses, each for another reason, with a person in each."""
    return [
        facebook(gender=f"{PERSON}-gender"),
        facebook(age=f"{PERSON}-age"),
        facebook(name=f"{PERSON}\0"),
        facebook(userId=f"{PERSON}-" + "x" * 9_000),
        facebook(timestamp=f"{PERSON}-time"),
        tiktok(eventType=f"{PERSON}-type"),
        tiktok("purchase", purchaseAmount=f"{PERSON}-amount"),
        tiktok(source=f"{PERSON}-source"),
        f"{PERSON} as text",
        {f"{PERSON}-key": 1},
    ]


@pytest.fixture(scope="module")
def credentials() -> dict[str, str]:
    return {
        "authorization": f"Bearer {SECRET}-token",
        "cookie": f"session={SECRET}-cookie",
        "x-hub-signature-256": f"sha256={SECRET}-signature",
        "webhook-signature": f"v1,{SECRET}-standard",
        "x-api-key": f"{SECRET}-key",
        "user-agent": f"{PERSON}-agent",
        "x-forwarded-for": f"{PERSON}-address",
        "x-correlation-id": f"{PERSON} is not safe",
    }


def test_nothing_personal_and_no_secret_is_told(stack: Stack, credentials: dict[str, str]) -> None:
    gateway = stack.urls["gateway"]
    answer = stack.post(people() + refused(), headers=credentials)
    assert answer.json()["accepted"] == 4
    stack.post(b'{"userId": "needle-person-broken', headers=credentials)
    for query in (f"?user={PERSON}&token={SECRET}", f"?campaignId={PERSON}-campaign"):
        for path in ("/function/webhook-ingest", "/reports/events", "/reports/nothing", "/nowhere"):
            httpx2.get(f"{gateway}{path}{query}", headers=credentials, timeout=30)
    _poison(stack)
    _administer(gateway, credentials)
    stack.settle(5)
    _break(stack, credentials)
    stack.settle(8)
    stack.command("erase", "--user", f"{PERSON}-2", "--dry-run")
    for what, text in told(stack):
        assert PERSON not in text, f"{what}: {_around(text, PERSON)}"
        assert SECRET not in text, f"{what}: {_around(text, SECRET)}"
    assert_private(stack.state, PERSON, SECRET)


def _around(text: str, needle: str) -> str:
    place = text.index(needle)
    return text[max(0, place - 200) : place + 100]


def _poison(stack: Stack) -> None:
    """Publish what ingest would have refused, so that collectors do."""
    events = [facebook(age=f"{PERSON}-age"), facebook(name=f"{PERSON}\0"), f"{PERSON} as text"]
    streams.publish(stack.urls["nats"], "facebook", [[facebook(name=PERSON), *events]])


def _break(stack: Stack, credentials: dict[str, str]) -> None:
    """Have the database refuse rows, in its own words."""
    url = stack.urls["database"]
    with psycopg.connect(url) as connection:
        connection.execute(
            "alter table events add constraint odd check (user_id not like '%-1') not valid"
        )
    stack.post(people(), headers=credentials)
    until(lambda: _buried(stack) == 4)
    with psycopg.connect(url) as connection:
        connection.execute("alter table events drop constraint odd")


def _buried(stack: Stack) -> int:
    """Return how many events collectors have refused."""
    letters = json.loads(stack.command("deadletter", "ls", "--json", "--stage", "consume"))
    return len(letters["letters"])


def _administer(gateway: str, credentials: dict[str, str]) -> None:
    """Store a secret, call a function later, and redrive with a person in the patch."""
    value = {"name": "api-key", "value": f"{SECRET}-stored"}
    assert httpx2.post(f"{gateway}/system/secrets", json=value, timeout=20).status_code < 300
    basic = base64.b64encode(f"admin:{SECRET}-basic".encode()).decode()
    wrong = {"authorization": f"Basic {basic}"}
    httpx2.get(f"{gateway}/system/functions", headers=wrong, timeout=20)
    late = f"{gateway}/async-function/webhook-ingest?token={SECRET}"
    httpx2.post(late, json=[facebook(name=PERSON, userId=PERSON)] * 0, headers=credentials)
    patch = {"dryRun": True, "patch": {"data": {"user": {"name": f"{PERSON} patched"}}}}
    httpx2.post(f"{gateway}/function/deadletter/redrive", json=patch, timeout=30)


def test_each_field_of_each_line_is_documented(stack: Stack) -> None:
    fields = {field for line in lines(stack.state) for field in line}
    assert fields <= documented_fields()
