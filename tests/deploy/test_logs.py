"""Logs as faas-cli reads them, and replicas by number."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import Stack, function

from infra.local import daemon


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(function("echo"), function("quiet"), function("sized"))


@pytest.fixture
def faas(stack: Stack) -> FaasCli:
    return FaasCli(stack.url)


def say(stack: Stack, text: str) -> None:
    url = f"{stack.url}/function/echo/say"
    assert httpx2.get(url, params={"text": text}, timeout=20).status_code == 200


def test_lines_have_a_time_and_what_is_not_ours_has_that_of_the_line_before(
    stack: Stack, faas: FaasCli
) -> None:
    said = {"timestamp": "2026-11-01T10:00:00.5Z", "instance": "echo-1", "message": "hello"}
    say(stack, json.dumps(said))
    say(stack, "no JSON")
    with faas.logs("echo", follow=False, lines=2) as lines:
        first, second = lines
    assert first["name"] == second["name"] == "echo"
    assert (first["namespace"], first["instance"]) == ("openfaas-fn", "echo-1")
    assert json.loads(first["text"]) == said
    assert second["text"] == "no JSON"
    moment = datetime(2026, 11, 1, 10, 0, 0, 500_000, tzinfo=UTC)
    assert {datetime.fromisoformat(line["timestamp"]) for line in (first, second)} == {moment}


def test_tail_since_and_instance_choose_lines(stack: Stack, faas: FaasCli) -> None:
    start = datetime(2026, 11, 2, tzinfo=UTC)
    for number in range(6):
        moment = (start + timedelta(minutes=number)).isoformat()
        said = {"timestamp": moment, "instance": f"echo-{number % 2}", "n": number}
        say(stack, json.dumps(said))

    def numbers(**query: str) -> list[int]:
        asked = faas.send("GET", "/system/logs", None, {"name": "echo", **query}).accept(200)
        texts = [json.loads(line)["text"] for line in asked.body.splitlines()]
        return [json.loads(text)["n"] for text in texts if '"n"' in text]

    assert numbers(tail="2") == [4, 5]
    assert numbers(since="2026-11-02T00:03:00Z") == [3, 4, 5]
    assert numbers(since="2026-11-02T00:03:00Z", tail="1") == [5]
    assert numbers(instance="echo-1") == [1, 3, 5]
    assert numbers(instance="echo-1", tail="2") == [3, 5]
    assert numbers(tail="-1")[-6:] == [0, 1, 2, 3, 4, 5]


def test_more_than_a_block_is_read_from_the_end(stack: Stack, faas: FaasCli) -> None:
    log = stack.state.logs / "echo.log"
    with log.open("ab") as file:
        file.writelines(b"%07d %b\n" % (number, b"x" * 100) for number in range(5000))
    with faas.logs("echo", follow=False, lines=1500) as lines:
        numbers = [int(line["text"][:7]) for line in lines]
    assert numbers == list(range(3500, 5000))
    with faas.logs("echo", follow=False) as lines:
        assert sum(line["text"].endswith("xxx") for line in lines) == 5000


def test_what_was_set_aside_is_read_first_and_following_goes_on(
    stack: Stack, faas: FaasCli
) -> None:
    log = stack.state.logs / "echo.log"
    log.with_name("echo.log.1").write_text("older\n" * 3)
    os.truncate(log, 0)
    log.write_text("newer\n")
    with faas.logs("echo", lines=3) as lines:
        assert [next(lines)["text"] for _ in range(3)] == ["older", "older", "newer"]
        say(stack, "one")
        assert next(lines)["text"] == "one"
        os.truncate(log, 0)
        say(stack, "two")
        assert next(lines)["text"] == "two"


def test_a_log_that_does_not_exist_yet_is_followed_from_its_first_line(
    stack: Stack, faas: FaasCli
) -> None:
    with faas.logs("quiet") as lines:
        url = f"{stack.url}/function/quiet/say"
        httpx2.get(url, params={"text": "first"}, timeout=20)
        assert next(lines)["text"] == "first"
    with pytest.raises(RejectedError, match="404"), faas.logs("none"):
        pass


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"tail": "x"}, {"since": "2026-11-02"}])
def test_a_query_that_is_none_is_refused(faas: FaasCli, query: dict[str, str]) -> None:
    assert faas.send("GET", "/system/logs", None, {"name": "echo", **query}).status == 400


def test_scale_starts_and_stops_replicas_within_bounds(stack: Stack, faas: FaasCli) -> None:
    faas.scale("sized", 2)
    stack.wait(lambda: faas.describe("sized")["availableReplicas"] == 2)
    faas.scale("sized", 0)
    stack.wait(lambda: stack.replicas("sized") == [])
    assert faas.describe("sized")["replicas"] == 0
    with pytest.raises(RejectedError, match=r"400 .*0 to 2"):
        faas.scale("sized", 3)
    with pytest.raises(RejectedError, match="404"):
        faas.scale("none", 1)


def test_a_follower_does_not_hold_up_the_end(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(function("echo"))
    with FaasCli(stack.url).logs("echo") as lines:
        started = datetime.now(UTC)
        daemon.stop(stack.state)
        assert list(lines) == []
    assert datetime.now(UTC) - started < timedelta(seconds=10)
