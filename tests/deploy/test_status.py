"""What faas-cli list, describe, namespaces, version and invoke ask."""

import re
from collections.abc import Callable
from datetime import datetime

import httpx2
import pytest
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import Stack, function

from infra.local import daemon


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(function("echo", minimum="1"), function("idle"))


@pytest.fixture
def faas(stack: Stack) -> FaasCli:
    return FaasCli(stack.url)


def test_list_has_every_function_with_replicas_and_invocations(faas: FaasCli) -> None:
    for _ in range(3):
        faas.invoke("echo", b"x")
    echo, idle = faas.listed()
    assert (echo["name"], echo["namespace"]) == ("echo", "openfaas-fn")
    assert (echo["replicas"], echo["availableReplicas"]) == (1, 1)
    assert echo["invocationCount"] >= 3
    assert "echo_role.py" in echo["envProcess"]
    assert echo["labels"] == {"com.openfaas.scale.max": "2"}
    assert echo["annotations"]["hookstream/timeout"] == "60s"
    assert datetime.fromisoformat(echo["createdAt"]).tzinfo
    assert re.fullmatch(r"[0-9T:+-]+", echo["createdAt"])
    assert (idle["name"], idle["replicas"], idle["availableReplicas"]) == ("idle", 0, 0)


def test_describe_has_usage_and_the_invocations_of_the_list(faas: FaasCli) -> None:
    described = faas.describe("echo", "openfaas-fn")
    assert described["usage"]["totalMemoryBytes"] > 1_000_000
    assert described["availableReplicas"] == 1
    with pytest.raises(RejectedError, match="404"):
        faas.describe("none")


def test_another_namespace_is_refused(faas: FaasCli) -> None:
    with pytest.raises(RejectedError, match=r"400 .*openfaas-fn"):
        faas.listed("other")
    with pytest.raises(RejectedError, match=r"400 .*openfaas-fn"):
        faas.describe("echo.other")


def test_namespaces_and_version(faas: FaasCli) -> None:
    assert faas.namespaces() == ["openfaas-fn"]
    version = faas.version()
    assert (version["provider"], version["orchestration"]) == ("hookstream", "processes")
    assert version["release"] == version["gateway"] != ""


def test_an_unknown_route_or_method_says_what_there_is(faas: FaasCli) -> None:
    unknown = faas.send("GET", "/system/alert")
    assert (unknown.status, "/system/functions" in unknown.json()["detail"]) == (404, True)
    wrong = faas.send("PATCH", "/system/info")
    assert (wrong.status, wrong.headers["allow"]) == (405, "GET")


def test_invocations_are_counted_across_restarts(stack: Stack, faas: FaasCli) -> None:
    faas.invoke("idle")
    before = faas.describe("idle")["invocationCount"]
    daemon.stop(stack.state)
    daemon.start(stack.options, lambda _: None)
    again = FaasCli(stack.url)
    again.invoke("idle")
    assert again.describe("idle")["invocationCount"] == before + 1
    assert httpx2.get(f"{stack.url}/healthz").status_code == 200
