"""Asynchronous invocations: accepted, kept, retried, called back."""

import json
import os
import signal
from collections.abc import Callable, Iterator

import pytest
from deploy.callers import Caller, caller
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import ROLE, Stack, function

from infra.local import daemon

PROCESS = f"python {ROLE}"


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    echo = function("echo").replace(f"{ROLE} ", str(ROLE))
    return start_stack(echo, function("crash", argument="crash"), pipeline=True)


@pytest.fixture
def faas(stack: Stack) -> FaasCli:
    return FaasCli(stack.url)


@pytest.fixture
def waiting() -> Iterator[Caller]:
    with caller() as one:
        yield one


def test_a_call_is_accepted_run_and_called_back(faas: FaasCli, waiting: Caller) -> None:
    given = {"X_Callback_Url": waiting.url, "X_Call_Id": "mine", "X_Other": "kept"}
    assert faas.invoke_async("echo", b"12345", **given) == "mine"
    callback = waiting.called()
    seen = json.loads(callback.body)
    assert (seen["method"], seen["size"], seen["rawPath"]) == ("POST", 5, "/")
    assert seen["headers"]["x-call-id"] == "mine"
    assert seen["headers"]["x-other"] == "kept"
    assert callback.headers["x-call-id"] == "mine"
    assert callback.headers["x-function-name"] == "echo"
    assert callback.headers["x-function-status"] == "200"
    assert 0 < float(callback.headers["x-duration-seconds"]) < 60
    assert callback.headers["x-role"] == "echo"


def test_path_query_and_method_are_kept_and_an_id_is_made(faas: FaasCli, waiting: Caller) -> None:
    target = "/async-function/echo/a%20b/c?x=1&status=418"
    headers = {"X-Callback-Url": waiting.url}
    answer = faas.exchange("PUT", target, b"", headers).accept(202)
    callback = waiting.called()
    seen = json.loads(callback.body)
    assert (seen["method"], seen["rawPath"], seen["query"]) == ("PUT", "/a%20b/c", "x=1&status=418")
    assert callback.headers["x-function-status"] == "418"
    assert callback.headers["x-call-id"] == answer.headers["x-call-id"]
    assert len(answer.headers["x-call-id"]) == 32
    assert answer.body == b""


def test_a_callback_that_fails_is_tried_again(faas: FaasCli, waiting: Caller) -> None:
    waiting.answers.put(503)
    faas.invoke_async("echo", b"once", X_Callback_Url=waiting.url)
    first, second = waiting.called(), waiting.called()
    assert first.body == second.body
    assert json.loads(first.body)["pid"] == json.loads(second.body)["pid"]


def test_what_was_accepted_survives_until_the_function_answers(
    stack: Stack, faas: FaasCli, waiting: Caller
) -> None:
    """Through failures of the function, a killed worker and a restart of everything."""
    faas.deploy("late", envProcess=f"{PROCESS} crash")
    identity = faas.invoke_async("late", b"kept", X_Callback_Url=waiting.url)
    worker = stack.processes()["queue-worker"]["pid"]
    os.kill(worker, signal.SIGKILL)
    stack.wait(lambda: stack.processes()["queue-worker"]["pid"] not in {worker, None})
    daemon.stop(stack.state)
    daemon.start(stack.options, lambda _: None)
    assert waiting.callbacks.empty()
    FaasCli(stack.url).deploy("late", envProcess=PROCESS)
    callback = waiting.called(120)
    assert callback.headers["x-call-id"] == identity
    assert callback.headers["x-function-status"] == "200"
    assert json.loads(callback.body)["size"] == 4


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http://user:secret@example.com/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://example.com/" + "x" * 2100,
        "http://[broken/",
    ],
)
def test_a_callback_url_that_is_none_is_refused(faas: FaasCli, url: str) -> None:
    with pytest.raises(RejectedError, match=r"400 .*X-Callback-Url"):
        faas.invoke_async("echo", b"x", X_Callback_Url=url)


def test_what_cannot_be_queued_is_refused(faas: FaasCli) -> None:
    with pytest.raises(RejectedError, match="404"):
        faas.invoke_async("none")
    with pytest.raises(RejectedError, match="413"):
        faas.invoke_async("echo", b"x" * 600_000)
