"""Functions that come, change and go by the API, while requests are under way."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import ROLE, Stack, function

from infra.local import daemon

PROCESS = f"python {ROLE}"
ALWAYS = {"hookstream/scale-min": "1"}


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    crash = function("crash", argument="crash")
    return start_stack(function("echo").replace(f"{ROLE} ", str(ROLE)), crash)


@pytest.fixture
def faas(stack: Stack) -> FaasCli:
    return FaasCli(stack.url)


@pytest.fixture
def name(request: pytest.FixtureRequest, faas: FaasCli) -> Iterator[str]:
    """Return a function's name of the test's own, removed at its end."""
    name = request.node.name.replace("_", "-").replace("[", "-").strip("]").lower()[:60]
    yield name
    faas.remove(name, forgiving=True)


def seen(faas: FaasCli, name: str, variable: str) -> str | None:
    """Return a variable of the environment of a function's replica."""
    answer = httpx2.get(f"{faas.gateway}/function/{name}?variable={variable}", timeout=20)
    assert answer.status_code == 200, answer.text
    value: str | None = answer.json()["variable"]
    return value


def until_received(caller: socket.socket, text: bytes) -> bytes:
    received = b""
    while text not in received:
        part = caller.recv(4096)
        assert part, received
        received += part
    return received


@pytest.mark.parametrize("chunked", [False, True])
def test_deploy_creates_then_updates(stack: Stack, chunked: bool, name: str) -> None:  # noqa: FBT001 - parametrised
    faas = FaasCli(stack.url, chunked=chunked)
    given: dict[str, Any] = {
        "envProcess": PROCESS,
        "labels": {"team": "growth", "com.openfaas.scale.max": "3"},
        "annotations": {"topic": "events"},
        "limits": {"memory": "256Mi"},
        "requests": {"cpu": "50m"},
        "constraints": ["zone=a"],
        "readOnlyRootFilesystem": True,
    }
    assert faas.deploy(name, envVars={"WHO": "first"}, **given) == "POST"
    assert seen(faas, name, "WHO") == "first"
    created = faas.describe(name)
    assert {member: created[member] for member in given} == given
    assert created["envVars"] == {"WHO": "first"}
    assert faas.deploy(name, envVars={"WHO": "second"}, **given) == "PUT"
    stack.wait(lambda: seen(faas, name, "WHO") == "second")
    assert faas.describe(name)["createdAt"] == created["createdAt"]
    assert stack.function(name)["deployedBy"] == "api"
    assert stack.function(name)["maxReplicas"] == 3


def test_post_of_a_function_that_exists_is_a_conflict(faas: FaasCli) -> None:
    answer = faas.send("POST", "/system/functions", {"service": "echo", "envProcess": PROCESS})
    assert (answer.status, answer.json()["code"]) == (409, "already_exists")


def test_replace_removes_and_creates(faas: FaasCli, name: str) -> None:
    faas.deploy(name, envProcess=PROCESS, envVars={"WHO": "first"})
    assert seen(faas, name, "WHO") == "first"
    assert faas.deploy(name, replace=True, envProcess=PROCESS, envVars={"WHO": "again"}) == "POST"
    assert seen(faas, name, "WHO") == "again"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"envProcess": "python -m shared.serve none"}, "fb-consume"),
        ({"envProcess": "rm -r /"}, "none of them"),
        ({"envProcess": "'"}, "No closing quotation"),
        ({}, "envProcess is missing"),
        ({"envVars": {"ROLE": "none"}}, "ROLE is 'none'"),
        ({"envProcess": PROCESS, "envVars": {"LD_PRELOAD": "x.so"}}, "LD_PRELOAD"),
        ({"envProcess": PROCESS, "envVars": {"a=b": "x"}}, "envVars"),
        ({"envProcess": PROCESS, "labels": {"com.openfaas.scale.max": "0"}}, "at least"),
        ({"envProcess": PROCESS, "annotations": {"hookstream/x": "0"}}, "unknown annotation"),
        ({"envProcess": PROCESS, "namespace": "other"}, "only namespace"),
        ({"envProcess": PROCESS, "service": "../../x"}, "service"),
        ({"envProcess": PROCESS, "service": "x\n"}, "service"),
    ],
)
def test_what_cannot_run_is_refused(faas: FaasCli, given: dict[str, Any], complaint: str) -> None:
    before = faas.listed()
    with pytest.raises(RejectedError, match=f"400 .*{complaint}"):
        faas.deploy("odd", **given)
    assert [each["name"] for each in faas.listed()] == [each["name"] for each in before]


def test_the_role_may_be_named_by_the_image(faas: FaasCli, name: str) -> None:
    faas.deploy(name, image="ghcr.io/somebody/echo:1.2@sha256:abc", envVars={"WHO": "image"})
    assert seen(faas, name, "WHO") == "image"


def test_the_role_may_be_a_variable_as_in_the_image(faas: FaasCli, name: str) -> None:
    faas.deploy(name, envVars={"ROLE": "echo", "WHO": "variable"})
    assert seen(faas, name, "WHO") == "variable"


def test_a_body_that_is_no_deployment_is_refused(faas: FaasCli) -> None:
    headers = {"Content-Type": "application/json"}
    torn = faas.exchange("POST", "/system/functions", b"{", headers)
    assert (torn.status, torn.json()["code"]) == (400, "invalid_json")
    large = faas.exchange("POST", "/system/functions", b"x" * 300_000, headers)
    assert large.status == 413


def test_an_update_loses_no_request(stack: Stack, faas: FaasCli, name: str) -> None:
    """Two updates under load: each request is answered, by one deployment or the next."""
    annotations = {**ALWAYS, "hookstream/scale-target": "64"}
    faas.deploy(name, envProcess=PROCESS, envVars={"WHO": "0"}, annotations=annotations)

    async def load(stop: asyncio.Event) -> list[tuple[int, str]]:
        answers = []
        async with httpx2.AsyncClient(timeout=30) as client:
            while not stop.is_set():
                got = await client.get(f"{stack.url}/function/{name}?variable=WHO&sleep=0.02")
                answers.append((got.status_code, got.json()["variable"]))
        return answers

    def now(who: str) -> bool:
        return seen(faas, name, "WHO") == who

    async def run() -> list[tuple[int, str]]:
        stop = asyncio.Event()
        loads = [asyncio.create_task(load(stop)) for _ in range(8)]
        for who in ("1", "2"):
            given: dict[str, Any] = {"envVars": {"WHO": who}, "annotations": annotations}
            await asyncio.to_thread(faas.deploy, name, envProcess=PROCESS, **given)
            await asyncio.to_thread(stack.wait, partial(now, who))
        await asyncio.to_thread(stack.wait, lambda: len(stack.replicas(name)) == 1)
        stop.set()
        return [answer for answers in await asyncio.gather(*loads) for answer in answers]

    answers = asyncio.run(run())
    assert {status for status, _ in answers} == {200}
    assert {who for _, who in answers} >= {"1", "2"}


def test_an_update_that_cannot_start_leaves_the_former_serving(
    stack: Stack, faas: FaasCli, name: str
) -> None:
    faas.deploy(name, envProcess=PROCESS, envVars={"WHO": "good"}, annotations=ALWAYS)
    assert seen(faas, name, "WHO") == "good"
    faas.deploy(name, envProcess=f"{PROCESS} crash", annotations=ALWAYS)
    stack.wait(lambda: stack.function(name).get("restarts", 0) > 1)
    assert seen(faas, name, "WHO") == "good"
    faas.deploy(name, envProcess=PROCESS, envVars={"WHO": "mended"}, annotations=ALWAYS)
    stack.wait(lambda: seen(faas, name, "WHO") == "mended")


def test_remove_answers_what_is_under_way_first(stack: Stack, faas: FaasCli, name: str) -> None:
    faas.deploy(name, envProcess=PROCESS)
    seen(faas, name, "WHO")
    gateway = urlsplit(stack.url)
    head = f"POST /function/{name}/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"
    with socket.create_connection((gateway.hostname, gateway.port), timeout=20) as caller:
        caller.sendall(f"{head}one".encode())
        answered = until_received(caller, b"one")
        faas.remove(name)
        assert httpx2.get(f"{stack.url}/function/{name}").status_code == 404
        caller.sendall(b"two")
        assert answered.startswith(b"HTTP/1.1 200")
        until_received(caller, b"0\r\n\r\n")
    stack.wait(lambda: stack.replicas(name) == [])
    with pytest.raises(RejectedError, match="404"):
        faas.remove(name)


def test_what_is_deployed_and_removed_survives(start_stack: Callable[..., Stack]) -> None:
    """By down and up, by a killed gateway, and by a killed supervisor."""
    stack = start_stack(function("echo").replace(f"{ROLE} ", str(ROLE)), function("given"))
    faas = FaasCli(stack.url)
    faas.deploy("mine", envProcess=PROCESS, envVars={"WHO": "me"}, annotations=ALWAYS)
    faas.deploy("echo", envProcess=PROCESS, envVars={"WHO": "changed"})
    faas.remove("given")

    def holds() -> bool:
        faas = FaasCli(stack.url)
        names = [each["name"] for each in faas.listed()]
        return names == ["echo", "mine"] and seen(faas, "echo", "WHO") == "changed"

    assert holds()
    gateway = stack.processes()["gateway"]["pid"]
    os.kill(gateway, signal.SIGKILL)
    stack.wait(lambda: stack.processes()["gateway"]["pid"] not in {gateway, None})
    stack.wait(lambda: stack.processes()["gateway"]["state"] == "running")
    assert holds()
    daemon.stop(stack.state)
    daemon.start(stack.options, lambda _: None)
    assert holds()
    os.kill(stack.processes()["supervisor"]["pid"], signal.SIGKILL)
    stack.wait(lambda: stack.status()["state"] == "stopped")
    daemon.start(stack.options, lambda _: None)
    assert holds()
    assert (
        json.loads(httpx2.get(f"{stack.url}/function/mine?variable=WHO").text)["variable"] == "me"
    )


def test_a_deployment_that_cannot_start_does_not_keep_the_stack_down(
    start_stack: Callable[..., Stack],
) -> None:
    stack = start_stack(function("crash", argument="crash"))
    FaasCli(stack.url).deploy("bad", envProcess=f"{PROCESS} crash", annotations=ALWAYS)
    daemon.stop(stack.state)
    assert daemon.start(stack.options, lambda _: None)["state"] in {"running", "degraded"}
    FaasCli(stack.url).remove("bad")
    stack.wait(lambda: stack.status()["state"] == "running")
