"""Events posted over HTTP come out of the reports, each once, to the cent."""

import json
import random
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx2
import psycopg
import pytest
from builders import facebook, tiktok
from stack import Stack, counts, reported, revenue, until

TYPES = {
    facebook: ["ad.view", "page.like", "comment", "video.view", "ad.click", "form.submission",
               "checkout.complete"],
    tiktok: ["video.view", "like", "share", "comment", "profile.visit", "purchase", "follow"],
}  # fmt: skip


def make(number: int, seed: int) -> list[dict[str, Any]]:
    """Return events of all types, padded to the publisher's size of 425 bytes and more."""
    at_random = random.Random(seed)
    kinds = [(build, name) for build, names in TYPES.items() for name in names]
    events = []
    for _ in range(number):
        build, name = at_random.choice(kinds)
        amount = f"{at_random.randrange(10**5)}.{at_random.randrange(100):02}"
        changes = {"purchaseAmount": amount} if name in ("checkout.complete", "purchase") else {}
        events.append(build(name, **changes))
    return events


@pytest.fixture
def before(stack: Stack) -> tuple[Counter[tuple[str, str]], Decimal, int]:
    """Return what the reports show before a test."""
    events, money = stack.report("events"), stack.report("revenue")
    return reported(events), Decimal(money["totalRevenue"]), events["totalEvents"]


Before = tuple[Counter[tuple[str, str]], Decimal, int]


def test_fifty_thousand_events_in_one_post(stack: Stack, before: Before) -> None:
    events = make(50_000, seed=1)
    body = json.dumps(events).encode()
    assert len(body) > 20_000_000
    answer = stack.post(body)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 50_000
    accepted = time.monotonic()
    stack.settle(before[2] + 50_000)
    assert time.monotonic() - accepted < 20
    after = stack.report("events")
    assert reported(after) - before[0] == counts(events)
    money = stack.report("revenue")
    assert Decimal(money["totalRevenue"]) - before[1] == revenue(events)

    # The very same body, then its events in another order and other messages.
    assert stack.post(body).json()["accepted"] == 50_000
    random.Random(2).shuffle(events)
    assert stack.post(events).json()["accepted"] == 50_000
    until(lambda: _ledger(stack) >= 100_000)
    later = stack.report("events")
    assert later["groups"] == after["groups"]
    assert stack.report("revenue")["groups"] == money["groups"]
    assert sum(stack.rows().values()) == before[2] + 50_000


def _ledger(stack: Stack) -> int:
    with psycopg.connect(stack.urls["database"]) as connection:
        found = connection.execute("select coalesce(sum(events), 0) from messages").fetchone()
        return int(found[0]) if found else 0


def test_corrupt_events_cost_only_themselves(
    stack: Stack, before: Before, samples: dict[str, Any]
) -> None:
    corrupt = [sample["event"] for sample in samples["corrupt"]]
    still_valid = 1  # an unknown key leaves an event valid
    good = make(999, seed=3)
    answer = stack.post(good + corrupt).json()
    assert answer["accepted"] == 999 + still_valid
    refused = {result["index"] for result in answer["results"]}
    assert len(refused) == len(corrupt) - still_valid
    assert all(999 <= index < 999 + len(corrupt) for index in refused)
    assert all(r["code"] and r["path"] and r["detail"] for r in answer["results"])
    stack.settle(before[2] + 999 + still_valid)


def test_a_correlation_id_goes_with_its_events_to_the_row_and_the_logs(stack: Stack) -> None:
    event = facebook()
    name = f"acceptance-{event['eventId']}"
    answer = stack.post(event, headers={"x-correlation-id": name})
    assert answer.json()["correlationId"] == answer.headers["x-correlation-id"] == name

    def row() -> tuple[Any, ...] | None:
        with psycopg.connect(stack.urls["database"]) as connection:
            return connection.execute(
                "select correlation_ids from events join messages using (stream_sequence)"
                " where event_id = %s",
                [event["eventId"]],
            ).fetchone()

    until(lambda: row() is not None)
    assert row() == (f"{name}*1",)
    logs = [path.read_text() for path in (stack.state / "logs").iterdir()]
    for service in ("webhook-ingest", "connector", "fb-consume"):
        lines = [json.loads(line) for text in logs for line in text.splitlines() if name in line]
        assert any(line["service"] == service for line in lines), service


def test_reports_filter_and_name_bad_parameters(stack: Stack) -> None:
    until(lambda: stack.total_events() > 0)
    every = stack.report("events")
    assert set(every) >= {"range", "asOf", "freshnessSeconds", "totalEvents", "groups"}
    tiktok_only = stack.report("events", source="tiktok", funnelStage="top")
    assert {(g["source"], g["funnelStage"]) for g in tiktok_only["groups"]} <= {("tiktok", "top")}
    assert stack.report("events", to="2001-01-01T00:00:00Z")["totalEvents"] == 0
    assert set(stack.report("demographics")) >= {"facebook", "tiktok"}
    url = f"{stack.urls['gateway']}/reports/events"
    for parameters, named in (({"colour": "red"}, "colour"), ({"source": "x"}, "source")):
        answer = httpx2.get(url, params=parameters)
        assert answer.status_code == 400
        assert answer.json()["parameter"] == named
        assert answer.json()["allowed"]


def test_as_of_covers_what_was_accepted_before(stack: Stack) -> None:
    stack.post([facebook(), tiktok()])
    stack.settle(stack.total_events())
    first = stack.report("events")["asOf"]
    until(lambda: stack.report("events")["asOf"] > first)
    assert stack.report("events")["freshnessSeconds"] < 60


def test_the_publisher_proves_what_it_sent(stack: Stack) -> None:
    options = ("--number", "5000", "--duplicates", "0.2", "--disorder", "0.3", "--invalid", "0.02")
    proof = json.loads(stack.command("publish", *options, "--json"))
    assert proof["proved"] is True
    assert proof["sent"] >= 5000


def test_the_report_command_prints_the_answer(stack: Stack) -> None:
    answer = json.loads(stack.command("report", "revenue", "--json"))
    assert set(answer) >= {"totalRevenue", "transactionCount", "averageOrderValue", "groups"}
    assert "transactions" in stack.command("report", "revenue")


def test_migrate_has_nothing_left_to_do(stack: Stack) -> None:
    assert json.loads(stack.command("migrate", "--json"))["applied"] == []
