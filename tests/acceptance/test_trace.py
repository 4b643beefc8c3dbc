"""From one correlation id, `hookstream trace` shows what became of each event."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import streams
from builders import facebook, tiktok
from stack import Stack, until

from shared.stream.packing import Origin, Pack, join

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"


def trail(stack: Stack, name: str, *options: str, expect: int = 0) -> dict[str, Any]:
    """Return what the command prints."""
    said = stack.command("trace", name, "--json", *options, expect=expect)
    return json.loads(said)  # type: ignore[no-any-return]


def steps(found: dict[str, Any], source: str) -> list[str]:
    """Return the steps of a source in the order of their times."""
    moments = [datetime.fromisoformat(step["at"]) for step in found["steps"]]
    assert moments == sorted(moments)
    return [step["what"] for step in found["steps"] if step.get("source") == source]


def test_every_step_of_a_request_is_shown_with_its_time(stack: Stack) -> None:
    name = "trace-all-of-it"
    sent = [facebook(), facebook(), tiktok(), {"source": "tiktok"}]
    answer = stack.post(sent, headers={"x-correlation-id": name, "traceparent": CALLER})
    assert answer.json()["accepted"] == 3
    until(lambda: "stored" in steps(trail(stack, name), "facebook"))
    until(lambda: "stored" in steps(trail(stack, name), "tiktok"))
    until(lambda: "delivered" in steps(trail(stack, name), "tiktok"))
    found = trail(stack, name)
    whole = {"accepted", "published", "stored", "delivered"}
    assert steps(found, "facebook")[:2] == ["accepted", "published"]
    assert whole <= set(steps(found, "facebook"))
    assert whole | {"dead letter"} <= set(steps(found, "tiktok"))
    [answered] = [step for step in found["steps"] if step["what"] == "answered"]
    assert answered["details"]["status"] == 200
    assert answered["events"] == 4
    [stored] = [s for s in found["steps"] if s["what"] == "stored" and s["source"] == "facebook"]
    assert stored["events"] == 2
    assert found["traceIds"] == [TRACE]
    # The trace's id leads there, too; and people get a table.
    assert steps(trail(stack, TRACE), "facebook") == steps(found, "facebook")
    assert "dead letter" in stack.command("trace", name)


def test_each_delivery_is_shown_that_failed_too(stack: Stack) -> None:
    name = "trace-an-outage"
    with _without_ledger(stack):
        stack.post(facebook(), headers={"x-correlation-id": name})
        pending = trail(stack, name, expect=2)
        assert steps(pending, "facebook")[:2] == ["accepted", "published"]
        assert "stored" not in steps(pending, "facebook")
        assert any("database" in note for note in pending["notes"])
        failed = "not delivered"
        until(lambda: failed in steps(trail(stack, name, expect=2), "facebook"))
    until(lambda: "delivered" in steps(trail(stack, name), "facebook"))
    found = trail(stack, name)
    reasons = [s["details"]["reason"] for s in found["steps"] if s["what"] == "not delivered"]
    assert all(reasons)


@contextmanager
def _without_ledger(stack: Stack) -> Iterator[None]:
    """Let no collector store anything while the block runs."""
    url = stack.urls["database"]
    with psycopg.connect(url) as connection:
        connection.execute("alter table messages rename to hidden")
    try:
        yield
    finally:
        with psycopg.connect(url) as connection:
            connection.execute("alter table hidden rename to messages")


def test_a_dead_letter_of_an_accepted_event_is_shown(stack: Stack) -> None:
    name = "trace-a-poison"
    origin = Origin(name, datetime.fromisoformat("2026-05-01T00:00:00Z"))
    pack = Pack("facebook", join([json.dumps(facebook()).encode(), b"7"]), [(origin, 2)])
    content, headers = pack.message()
    streams.with_jetstream(
        stack.urls["nats"], lambda js: js.publish(pack.subject, content, headers=headers)
    )
    until(lambda: "dead letter" in steps(trail(stack, name), "facebook"))
    until(lambda: "stored" in steps(trail(stack, name), "facebook"))
    found = trail(stack, name)
    [letter] = [step for step in found["steps"] if step["what"] == "dead letter"]
    assert letter["details"]["code"] == "not_an_object"
    assert letter["details"]["stage"] == "consume"
    assert letter["details"]["index"] == 1


def test_requests_that_share_a_message_are_told_apart(stack: Stack) -> None:
    at = datetime.fromisoformat("2026-05-01T00:00:00Z")
    origins = [(Origin("trace-shared-a", at, CALLER), 2), (Origin("trace-shared-b", at), 1)]
    pack = Pack("facebook", join([json.dumps(facebook()).encode(), b"7", b"8"]), origins)
    content, headers = pack.message()
    streams.with_jetstream(
        stack.urls["nats"], lambda js: js.publish(pack.subject, content, headers=headers)
    )
    for name in ("trace-shared-a", "trace-shared-b"):
        until(lambda name=name: "dead letter" in steps(trail(stack, name), "facebook"))  # type: ignore[misc]
    for name, index in (("trace-shared-a", 1), ("trace-shared-b", 2)):
        found = trail(stack, name)
        letters = [step for step in found["steps"] if step["what"] == "dead letter"]
        assert [letter["details"]["index"] for letter in letters] == [index]
    by_trace = [step for step in trail(stack, TRACE)["steps"] if step["what"] == "dead letter"]
    assert [letter["details"]["index"] for letter in by_trace if letter.get("message")] == [1]
    trail(stack, "shared", expect=1)


def test_without_logs_it_says_what_is_missing(stack: Stack) -> None:
    name = "trace-without-logs"
    stack.post(tiktok(), headers={"x-correlation-id": name})
    elsewhere = ("--logs", str(stack.state / "nowhere"))
    until(lambda: "stored" in steps(trail(stack, name, *elsewhere), "tiktok"))
    found = trail(stack, name, *elsewhere)
    assert steps(found, "tiktok") == ["accepted", "published", "stored"]
    assert any("logs" in note for note in found["notes"])


def test_of_an_unknown_id_nothing_is_on_record(stack: Stack) -> None:
    found = trail(stack, "nobody's", expect=1)
    assert found["steps"] == []
