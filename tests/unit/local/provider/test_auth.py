"""Who gets through to the provider API."""

import asyncio
import base64

import pytest

from infra.local.provider.auth import Guard
from shared.access.scopes import Asked
from shared.errors import Problem


def basic(credentials: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}


def outcome(guard: Guard, **headers: str) -> str:
    """Return the code of the problem, '' if the request may go on."""
    try:
        guard.check(headers.get)
    except Problem as problem:
        return problem.kind.code
    return ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": "Basic"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic é"},
        basic("admin:"),
        basic("admin:wrong"),
        basic("other:right"),
        basic("admin:right:"),
        basic("adminright"),
    ],
)
@pytest.mark.parametrize("local", [True, False])
def test_a_password_is_asked_of_everybody(headers: dict[str, str], local: bool) -> None:  # noqa: FBT001 - parametrised
    guard = Guard("admin", "right", local=local)
    assert outcome(guard, host="127.0.0.1:8080", **headers) == "unauthorized"
    assert outcome(guard, host="faas.example.com", **basic("admin:right")) == ""


def test_without_a_password_only_this_machine_is_let_in() -> None:
    assert outcome(Guard("admin", "", local=True), host="127.0.0.1:8080") == ""
    assert outcome(Guard("admin", "", local=True), host="localhost:8080", **basic("a:b")) == ""
    assert outcome(Guard("admin", "", local=True), host="[::1]:8080") == ""
    assert outcome(Guard("admin", "", local=False), host="127.0.0.1:8080") == "unauthorized"


def test_a_strangers_name_for_this_machine_is_refused() -> None:
    assert outcome(Guard("admin", "", local=True), host="evil.example:8080") == "forbidden"


@pytest.mark.parametrize("password", ["", "right"])
def test_a_page_of_another_origin_is_refused(password: str) -> None:
    guard = Guard("admin", password, local=True)
    sent = {"host": "localhost:8080", **basic("admin:right")}
    assert outcome(guard, origin="https://evil.example", **sent) == "forbidden"
    assert outcome(guard, origin="null", **sent) == "forbidden"
    assert outcome(guard, origin="http://localhost:8080", **sent) == ""


def test_the_caller_is_told_how_to_authenticate() -> None:
    with pytest.raises(Problem) as raised:
        Guard("admin", "right", local=True).check(lambda _: None)
    assert raised.value.kind.status == 401
    assert raised.value.headers()["www-authenticate"] == 'Basic realm="Restricted"'


class Keys:
    """Admits one key."""

    async def admit(self, request: Asked) -> str:
        if request.headers.get("authorization") != "Bearer right":
            raise Problem("invalid_credentials", "no")
        return "key:1"


def admitted(guard: Guard, **headers: str) -> str:
    try:
        asyncio.run(guard.admit(headers.get))
    except Problem as problem:
        return problem.kind.code
    return ""


@pytest.mark.parametrize("password", ["", "right"])
def test_where_keys_are_asked_for_being_here_is_not_enough(password: str) -> None:
    guard = Guard("admin", password, local=True, keys=Keys())
    local = {"host": "127.0.0.1:8080"}
    assert admitted(guard, **local) == "invalid_credentials"
    assert admitted(guard, **local, authorization="Bearer wrong") == "invalid_credentials"
    assert admitted(guard, **local, authorization="Bearer right") == ""
    assert admitted(guard, authorization="Bearer right", host="faas.example") == ""
    known = {"": "invalid_credentials", "right": ""}[password]
    assert admitted(guard, **local, **basic("admin:right")) == known
    assert admitted(guard, **local, **basic("admin:wrong")) != ""
    sent = {"host": "localhost:8080", "authorization": "Bearer right"}
    assert admitted(guard, origin="https://evil.example", **sent) == "forbidden"


def test_where_nobody_is_asked_for_keys_they_change_nothing() -> None:
    guard = Guard("admin", "", local=True)
    assert admitted(guard, host="127.0.0.1:8080") == ""
    assert admitted(guard, host="evil.example", authorization="Bearer right") == "forbidden"
