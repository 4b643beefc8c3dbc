"""login, and what a stack with a password refuses to whoever has not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deploy.faas_cli import FaasCli, RejectedError
from integration.local.stacks import ROLE, Stack, function


@pytest.fixture(scope="module")
def stack(
    start_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Start a stack with the credentials in files, as OpenFaaS mounts them."""
    folder: Path = tmp_path_factory.mktemp("credentials")
    (folder / "basic-auth-user").write_text("operator\n")
    (folder / "basic-auth-password").write_text("pass:word\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRETS_DIR", str(folder))
        yield start_stack(function("echo").replace(f"{ROLE} ", str(ROLE)))


def test_login_takes_the_right_password_and_no_other(stack: Stack) -> None:
    FaasCli(stack.url, "operator", "pass:word").login()
    for wrong in (
        FaasCli(stack.url, "operator", "word"),
        FaasCli(stack.url, "admin", "pass:word"),
        FaasCli(stack.url),
    ):
        with pytest.raises(RejectedError, match="401"):
            wrong.login()


def test_every_route_of_the_api_asks_for_the_password(stack: Stack) -> None:
    stranger = FaasCli(stack.url)
    for method, path in (
        ("GET", "/system/functions"),
        ("POST", "/system/functions"),
        ("PUT", "/system/functions"),
        ("DELETE", "/system/functions"),
        ("GET", "/system/function/echo"),
        ("POST", "/system/scale-function/echo"),
        ("GET", "/system/secrets"),
        ("GET", "/system/logs?name=echo"),
        ("GET", "/system/info"),
        ("GET", "/system/namespaces"),
        ("GET", "/system/none"),
    ):
        answer = stranger.send(method, path)
        assert (answer.status, answer.headers["www-authenticate"][:5]) == (401, "Basic"), path


def test_functions_are_open_and_do_not_learn_the_password(stack: Stack) -> None:
    operator = FaasCli(stack.url, "operator", "pass:word")
    assert b"rawPath" in FaasCli(stack.url).invoke("echo")
    given = {"envProcess": f"python {ROLE}", "envVars": {"X": "1"}}
    assert operator.deploy("mine", **given) == "POST"  # type: ignore[arg-type]  # of many types
    asked = operator.exchange("GET", "/function/mine?secret=basic-auth-password", None, {}).json()
    assert asked["secret"] is None
