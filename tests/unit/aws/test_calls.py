"""Secrets Manager and Lambda's Invoke, as a scripted service answers them."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import psycopg
import pytest
from aiohttp import web

from infra.connector.invocation import OutageError, RefusalError, Target, invoke
from shared.aws.calls import AwsError, endpoint
from shared.aws.secrets import fetch_secrets
from shared.batch import BatchAnswer, StoredMessage

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:hook-FbConsume:live"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
MESSAGE = StoredMessage("EVENTS", 1, "facebook", NOW, {}, b"[1.0]")
PASSWORD = "p@ss/w:rd%"  # noqa: S105 - what has to be escaped
ACCESS = {"username": "hook", "password": PASSWORD, "host": "db.internal", "port": 5433}

Script = Callable[[web.Request, bytes], web.Response]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("DATABASE_URL", "unset")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("NATS_URL", "unset")
    monkeypatch.delenv("NATS_URL")
    return iter([None])


def with_service(script: Script, work: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - what work returns
    """Run `work` while a service answers in place of all of AWS'."""

    async def answer(request: web.Request) -> web.Response:
        assert "/eu-central-1/" in request.headers["Authorization"]
        return script(request, await request.read())

    async def scenario() -> Any:  # noqa: ANN401 - as above
        app = web.Application()
        app.router.add_post("/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
            try:
                return await work()
            finally:
                await runner.cleanup()

    return asyncio.run(scenario())


def secrets(**held: str) -> Script:
    """Return what answers with secrets by their ARN's last letter."""

    def script(request: web.Request, body: bytes) -> web.Response:
        assert request.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
        name = json.loads(body)["SecretId"][-1]
        if name not in held:
            return web.json_response({"__type": "ResourceNotFoundException"}, status=400)
        return web.json_response({"SecretString": held[name]})

    return script


def test_a_secret_that_is_a_url_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:d")
    monkeypatch.setenv("NATS_SECRET_ARN", "arn:n")
    with_service(secrets(d="postgresql://x/y\n", n="nats://z"), fetch_secrets)
    assert (os.environ["DATABASE_URL"], os.environ["NATS_URL"]) == ("postgresql://x/y", "nats://z")


@pytest.mark.parametrize("proxy", ["", "proxy.internal"])
def test_a_secret_of_rds_becomes_a_url(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:d")
    monkeypatch.setenv("DATABASE_ENDPOINT", proxy)
    with_service(secrets(d=json.dumps({**ACCESS, "engine": "postgres"})), fetch_secrets)
    assert psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"]) == {
        "user": "hook",
        "password": PASSWORD,
        "host": proxy or "db.internal",
        "port": "5433",
        "dbname": "hookstream",
    }


def test_a_secret_that_is_something_else_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:d")
    with pytest.raises(ValueError, match="arn:d") as raised:
        with_service(secrets(d=json.dumps({"password": PASSWORD})), fetch_secrets)
    assert PASSWORD not in str(raised.value)


def test_a_secret_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:x")
    with pytest.raises(AwsError, match="arn:x"):
        with_service(secrets(), fetch_secrets)


def test_without_secrets_nothing_is_asked() -> None:
    asyncio.run(fetch_secrets())
    assert "DATABASE_URL" not in os.environ


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://sqs.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_endpoints_are_the_region_s(region: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert endpoint("sqs") == url


def invoked(script: Script) -> BatchAnswer:
    async def work() -> BatchAnswer:
        async with aiohttp.ClientSession() as session:
            return await invoke(session, Target("fb-consume", ARN, 5), [MESSAGE])

    return with_service(script, work)  # type: ignore[no-any-return]


def test_a_function_is_invoked_by_its_arn() -> None:
    paths = []

    def script(request: web.Request, body: bytes) -> web.Response:
        paths.append(request.raw_path)
        assert json.loads(body).keys() == {"cloudEvents"}
        return web.json_response({"batchItemFailures": [{"itemIdentifier": "EVENTS:1"}]})

    assert invoked(script).batchItemFailures[0].itemIdentifier == "EVENTS:1"
    assert paths == [f"/2015-03-31/functions/{ARN.replace(':', '%3A')}/invocations"]


def failing(error_type: str) -> Script:
    headers = {"X-Amz-Function-Error": "Unhandled"}
    return lambda *_: web.json_response({"errorType": error_type}, headers=headers)


def test_what_a_function_refuses_is_refused() -> None:
    with pytest.raises(RefusalError):
        invoked(failing("RefusedBatchError"))
    with pytest.raises(RefusalError):
        invoked(lambda *_: web.Response(status=413))


@pytest.mark.parametrize(
    "script",
    [
        failing("FailedBatchError"),
        failing("Sandbox.Timedout"),
        failing("Runtime.ExitError"),
        lambda *_: web.Response(headers={"X-Amz-Function-Error": "Unhandled"}, text="no JSON"),
        lambda *_: web.json_response("no answer"),
        *(lambda *_, status=status: web.Response(status=status) for status in (400, 403, 404, 500)),
    ],
)
def test_all_else_is_an_outage(script: Script) -> None:
    with pytest.raises(OutageError):
        invoked(script)


def test_lambda_s_own_retry_after_counts() -> None:
    with pytest.raises(OutageError) as raised:
        invoked(lambda *_: web.Response(status=429, headers={"Retry-After": "7"}))
    assert raised.value.retry_after == 7
