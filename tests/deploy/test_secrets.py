"""Secrets: who may read them, who gets them, and that no answer shows one."""

import stat
from collections.abc import Callable

import httpx2
import pytest
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import ROLE, Stack, function

PROCESS = f"python {ROLE}"
VALUE = "s3cret of mine"


@pytest.fixture(scope="module")
def stack(start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(function("echo").replace(f"{ROLE} ", str(ROLE)))


@pytest.fixture
def faas(stack: Stack) -> FaasCli:
    return FaasCli(stack.url)


def read(faas: FaasCli, name: str, secret: str) -> str | None:
    answer = httpx2.get(f"{faas.gateway}/function/{name}?secret={secret}", timeout=20)
    assert answer.status_code == 200, answer.text
    value: str | None = answer.json()["secret"]
    return value


@pytest.mark.parametrize("chunked", [False, True])
def test_create_list_update_and_remove(stack: Stack, chunked: bool) -> None:  # noqa: FBT001 - parametrised
    faas = FaasCli(stack.url, chunked=chunked)
    assert faas.secrets() == []
    assert faas.create_secret("api-key", literal=VALUE)
    assert not faas.create_secret("api-key", literal="other")
    assert faas.secrets() == [{"name": "api-key", "namespace": "openfaas-fn"}]
    file = stack.state.secrets / "api-key"
    assert file.read_text() == VALUE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    faas.update_secret("api-key", file=b"from a file\n")
    assert file.read_bytes() == b"from a file\n"
    faas.remove_secret("api-key")
    assert faas.secrets() == []
    for missing in (faas.remove_secret, faas.update_secret):
        with pytest.raises(RejectedError, match="404"):
            missing("api-key")


def test_a_function_reads_what_it_lists_and_nothing_else(stack: Stack, faas: FaasCli) -> None:
    for name in ("mine", "theirs"):
        faas.create_secret(name, literal=f"{VALUE} {name}")
    faas.deploy("reader", envProcess=PROCESS, secrets=["mine"])
    assert read(faas, "reader", "mine") == f"{VALUE} mine"
    assert read(faas, "reader", "theirs") is None
    faas.update_secret("mine", literal="changed")
    faas.deploy("reader", envProcess=PROCESS, secrets=["mine", "theirs"])
    stack.wait(lambda: read(faas, "reader", "theirs") == f"{VALUE} theirs")
    assert read(faas, "reader", "mine") == "changed"
    faas.deploy("reader", envProcess=PROCESS)
    stack.wait(lambda: read(faas, "reader", "mine") is None)
    faas.remove("reader")
    assert not (stack.state.mounts / "reader").exists()
    everything = faas.send("GET", "/system/functions").body + faas.send("GET", "/metrics").body
    assert VALUE.encode() not in everything
    assert VALUE not in stack.state.root.joinpath("status.json").read_text()
    for name in ("mine", "theirs"):
        faas.remove_secret(name)


def test_a_function_that_lists_a_missing_secret_is_refused(faas: FaasCli) -> None:
    with pytest.raises(RejectedError, match=r"400 .*no secret absent"):
        faas.deploy("wanting", envProcess=PROCESS, secrets=["absent"])


def test_a_secret_that_goes_away_is_named_when_a_replica_needs_it(faas: FaasCli) -> None:
    faas.create_secret("fleeting", literal=VALUE)
    to_zero = {"hookstream/scale-min": "0"}
    faas.deploy("forgetful", envProcess=PROCESS, secrets=["fleeting"], annotations=to_zero)
    faas.remove_secret("fleeting")
    answer = httpx2.get(f"{faas.gateway}/function/forgetful", timeout=20)
    assert answer.status_code == 503
    assert "secret fleeting does not exist" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "UPPER", "", "x\n", "a" * 300])
def test_a_name_that_is_no_name_is_refused(stack: Stack, faas: FaasCli, name: str) -> None:
    with pytest.raises(RejectedError, match="400"):
        faas.create_secret(name, literal=VALUE)
    assert not (stack.state.root / "x").exists()


def test_a_value_that_is_no_secret_is_refused(faas: FaasCli) -> None:
    for raw in ("%%%", "é", 1):
        body = {"name": "odd", "rawValue": raw}
        assert faas.send("POST", "/system/secrets", body).status == 400
    huge = {"name": "huge", "value": "x" * 1_100_000}
    assert faas.send("POST", "/system/secrets", huge).status == 413
    assert faas.secrets() == []
